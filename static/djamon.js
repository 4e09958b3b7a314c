// Puts the reader's own clock in place of UTC. Pages are complete without it.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  const two = (n) => String(n).padStart(2, "0");
  const day = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  const seconds = /\d\d:\d\d:\d\d/.test(time.textContent) ? `:${two(at.getSeconds())}` : "";
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}${seconds}`;
  time.title = `${time.dateTime.slice(0, 10)} ${time.dateTime.slice(11, 19)} UTC`;
  time.textContent = day(at) === day(new Date()) ? clock : `${day(at)} ${clock}`;
}

// Loads a page that asks for it anew after a while; not while somebody is typing.
const refresh = document.querySelector('meta[name="refresh-after"]');
if (refresh) {
  setInterval(() => {
    if (!document.activeElement?.closest("form")) location.reload();
  }, refresh.content * 1000);
}
