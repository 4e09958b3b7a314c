-- Here a table's rows are in its key already. Migrations of both databases have the same names.
SELECT 1;
