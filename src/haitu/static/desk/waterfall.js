// The profit page's waterfall: price on the left, what is left on the right; hatched where it rests on assumptions.
(async () => {
  const place = document.getElementById("waterfall");
  if (!place) return;
  const answer = await fetch(place.dataset.source, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const { steps, shrinkage, total, currency, language, words } = await answer.json();
  const short = new Intl.NumberFormat(language, { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 });
  const exact = new Intl.NumberFormat(language, { style: "currency", currency });
  const shown = steps.filter((step) => step.value !== 0);
  if (shrinkage.value !== 0) shown.push(shrinkage);
  let level = 0;
  const bars = shown.map((step) => {
    const from = level;
    level += step.value;
    return { ...step, from, to: level };
  });
  bars.push({ ...total, from: 0, to: total.value, isTotal: true });
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const draw = () => {
    const dark = document.documentElement.dataset.bsTheme === "dark";
    const ink = dark ? "#d5dde6" : "#36414d";
    const colour = (bar) => (bar.isTotal ? (dark ? "#57c27b" : "#1f7a3d") : bar.value >= 0 ? (dark ? "#5fb8d8" : "#0b5d80") : dark ? "#d98f5f" : "#b3592a");
    // A bar stands on an unseen one; one that crosses zero is drawn in two pieces.
    const base = bars.map((bar) => (Math.sign(bar.from) === -Math.sign(bar.to) ? 0 : bar.from < 0 || bar.to < 0 ? Math.max(bar.from, bar.to) : Math.min(bar.from, bar.to)));
    const up = bars.map((bar, at) => Math.max(bar.from, bar.to, 0) - Math.max(base[at], 0));
    const down = bars.map((bar, at) => Math.min(bar.from, bar.to, 0) - Math.min(base[at], 0));
    const style = (bar) => ({
      color: colour(bar),
      borderRadius: 2,
      ...(bar.assumed ? { decal: { symbol: "rect", color: "rgba(255,255,255,.55)", dashArrayX: [1, 0], dashArrayY: [3, 4], rotation: Math.PI / 4 } } : {}),
    });
    const narrow = place.clientWidth < 520;
    chart.setOption({
      animation: false,
      aria: { enabled: true, decal: { show: false } },
      grid: { left: 8, right: 8, top: 24, bottom: 8, containLabel: true },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, formatter: ([first]) => {
        const bar = bars[first.dataIndex];
        return `${bar.name}<br><b>${exact.format(bar.value)}</b>${bar.isTotal ? "" : `<br>${bar.assumed ? words.assumed : words.known}`}`;
      } },
      xAxis: { type: "category", data: bars.map((bar) => bar.name), axisLabel: { color: ink, interval: 0, rotate: narrow ? 60 : 38, fontSize: 11 }, axisTick: { show: false }, axisLine: { lineStyle: { color: ink } } },
      yAxis: { type: "value", axisLabel: { color: ink, formatter: (value) => short.format(value) }, splitLine: { lineStyle: { color: dark ? "#33414f" : "#e6eaee" } } },
      series: [
        { type: "bar", stack: "all", silent: true, itemStyle: { color: "transparent" }, data: base },
        { type: "bar", stack: "all", data: up.map((value, at) => ({ value, itemStyle: style(bars[at]) })),
          label: { show: !narrow, position: "top", color: ink, fontSize: 10, formatter: ({ dataIndex }) => short.format(bars[dataIndex].value) } },
        { type: "bar", stack: "all", data: down.map((value, at) => ({ value, itemStyle: style(bars[at]) })) },
      ],
    });
  };
  draw();
  new ResizeObserver(() => { chart.resize(); draw(); }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => requestAnimationFrame(draw));
})();
