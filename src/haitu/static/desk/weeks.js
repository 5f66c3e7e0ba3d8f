// The line of contribution per week on the overview.
(async () => {
  const place = document.getElementById("weeks");
  if (!place) return;
  const answer = await fetch(place.dataset.source, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { days, values, currency, label, week, language } = await answer.json();
  const money = new Intl.NumberFormat(language, { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 });
  const exact = new Intl.NumberFormat(language, { style: "currency", currency, maximumFractionDigits: 0 });
  const date = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });
  const seconds = days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
  let plot;
  const draw = () => {
    const style = getComputedStyle(document.documentElement);
    const dark = document.documentElement.dataset.bsTheme === "dark";
    const ink = dark ? "#c6d0db" : "#4a5565";
    const axis = { stroke: ink, grid: { stroke: dark ? "#33414f" : "#e6eaee", width: 1 }, ticks: { show: false }, font: `12px ${style.getPropertyValue("--tblr-font-sans-serif")}` };
    plot?.destroy();
    plot = new uPlot(
      {
        width: place.clientWidth, height: place.clientHeight - 32, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
        series: [
          { label: week, value: (_, at) => (at == null ? "–" : date.format(at * 1000)) },
          { label, stroke: dark ? "#7fd1e8" : "#0b5d80", fill: dark ? "rgba(127,209,232,.15)" : "rgba(11,93,128,.12)", width: 2, points: { show: false }, value: (_, amount) => (amount == null ? "–" : exact.format(amount)) },
        ],
        axes: [
          { ...axis, values: (_, marks) => marks.map((at) => date.format(at * 1000)) },
          { ...axis, size: 72, values: (_, marks) => marks.map((amount) => money.format(amount)) },
        ],
      },
      [seconds, values],
      place,
    );
  };
  draw();
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: place.clientHeight - 32 })).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(draw));
})();
