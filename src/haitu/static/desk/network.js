// The map of the network. All of it is in the table below too, so this file is comfort only.
(async () => {
  const place = document.getElementById("map");
  if (!place || !window.L) return;
  const get = async (address) => (await fetch(address, { headers: { Accept: "application/json" } })).json();
  let network, land;
  try {
    [network, land] = await Promise.all([get(place.dataset.source), get(place.dataset.land)]);
  } catch {
    place.textContent = place.dataset.failed;
    return;
  }
  const { words } = network;
  const WEST = -30; // the map is cut in the Atlantic, so that the Pacific is whole
  const turned = (lon) => ((((lon - WEST) % 360) + 360) % 360) + WEST;
  const bare = { interactive: false };
  const map = L.map(place, { zoomSnap: 0.25, minZoom: 0, maxZoom: 7, zoomControl: false, scrollWheelZoom: false, maxBounds: [[-75, WEST - 40], [84, WEST + 400]], renderer: L.svg({ padding: 0.3 }) });
  L.control.zoom({ zoomInTitle: words.in, zoomOutTitle: words.out }).addTo(map);
  map.attributionControl.setPrefix("Leaflet").addAttribution("Natural Earth");
  map.on("focus", () => map.scrollWheelZoom.enable()).on("blur", () => map.scrollWheelZoom.disable());
  for (const beside of [-360, 0, 360]) {
    L.geoJSON(land, { ...bare, style: { className: "land" }, coordsToLatLng: ([lon, lat]) => L.latLng(lat, lon + beside) }).addTo(map);
  }

  // A line that leaves the map on one side is drawn once more, where it comes in on the other.
  const copies = (points) => {
    const lons = points.map((point) => point[1]);
    const [least, most] = [Math.min(...lons), Math.max(...lons)];
    return [-2, -1, 0, 1, 2]
      .map((round) => 360 * round)
      .filter((beside) => most + beside > WEST && least + beside < WEST + 360)
      .map((beside) => points.map(([lat, lon]) => [lat, lon + beside]));
  };
  // Paths are there once the map knows where it looks.
  const framed = [...network.lanes.map((lane) => copies(lane.points)[0]), network.sites.map((site) => [site.at[0], turned(site.at[1])])].flat();
  if (framed.length) map.fitBounds(framed.map(([lat, lon]) => [lat, Math.min(Math.max(lon, WEST), WEST + 360)]), { padding: [12, 12], maxZoom: 5 });
  else map.setView([25, 110], 1);
  const lanes = new Map();
  for (const lane of network.lanes) {
    const lines = copies(lane.points);
    lane.line = L.polyline(lines, { ...bare, className: `lane mode-${lane.mode}`, smoothFactor: 0.8 }).addTo(map);
    lane.hit = L.polyline(lines, { className: "lane-hit", smoothFactor: 0.8, bubblingMouseEvents: false }).addTo(map);
    lane.hit.bindTooltip(lane.name, { sticky: true });
    lane.hit.getElement().dataset.lane = lane.id;
    lane.hit.on("mouseover", () => point(lane)).on("mouseout", () => point(chosen)).on("click", () => choose(lane));
    lanes.set(String(lane.id), lane);
  }
  const radius = { origin: 5, transit: 4.5, overseas: 4 };
  for (const site of network.sites) {
    site.dot = L.circleMarker([site.at[0], turned(site.at[1])], { radius: radius[site.kind] ?? 4, className: `site kind-${site.kind} ${site.open ? "" : "shut"}`, bubblingMouseEvents: false }).addTo(map);
    site.dot.bindTooltip(site.name);
    site.dot.on("mouseover", () => point(site)).on("mouseout", () => point(chosen)).on("click", () => choose(site));
  }
  // What is under the pointer, or else what was chosen: its line, its row, its facts.
  const panel = document.getElementById("panel");
  const title = document.getElementById("panel-title");
  const asItWas = [title.textContent, ...panel.childNodes];
  let chosen = null;
  let lit = null;
  const made = (tag, text, name) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (name) element.className = name;
    return element;
  };
  const rowOf = (what) => what?.line && document.querySelector(`tr[data-lane="${what.id}"]`);
  function light(what, on) {
    (what?.line ?? what?.dot)?.getElement()?.classList.toggle("lit", on);
    rowOf(what)?.classList.toggle("lit", on);
  }
  // Above the other lanes, below the warehouses.
  const over = (path) => path.parentNode.insertBefore(path, network.sites[0]?.dot.getElement() ?? null);
  function point(what) {
    if (what === lit) return;
    light(lit, false);
    lit = what;
    light(what, true);
    if (!what) {
      title.textContent = asItWas[0];
      panel.replaceChildren(...asItWas.slice(1));
      return;
    }
    if (what.line) over(what.line.getElement());
    title.textContent = what.name;
    const facts = made("dl", undefined, "dl");
    for (const [name, value] of what.facts) facts.append(made("dt", name), made("dd", value));
    const link = made("a", words.touches, "btn mt-3");
    link.href = what.href;
    panel.replaceChildren(facts, link);
  }
  async function choose(what) {
    chosen = what;
    point(what);
    const here = document.getElementById("touches-here");
    const answer = await fetch(what.href);
    if (!answer.ok || chosen !== what) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    here.replaceChildren(page.getElementById("touches"));
  }
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-lane]");
    if (row) point(lanes.get(row.dataset.lane) ?? chosen);
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-lane]");
    const lane = row && !event.target.closest("a") && lanes.get(row.dataset.lane);
    if (!lane) return;
    choose(lane);
    place.scrollIntoView({ block: "nearest" });
  });

  // Five colours from little to much: cost and days by fifths of the lanes, lateness by fixed shares.
  const money = new Intl.NumberFormat(network.language, { style: "currency", currency: network.currency });
  const share = new Intl.NumberFormat(network.language, { style: "percent" });
  const said = { cost: (value) => money.format(value / network.units), days: (value) => String(value), health: (value) => share.format(value / 10000) };
  const fifths = (values) => {
    const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
    return [...new Set([0.2, 0.4, 0.6, 0.8, 1].map((part) => sorted[Math.ceil(part * sorted.length) - 1]))].filter((value) => value !== undefined);
  };
  const legend = document.getElementById("legend");
  const colour = document.getElementById("colour");
  const KEYS = ["c0", "c1", "c2", "c3", "c4"];
  const key = (text, name, width = 3) => {
    const line = made("span");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [attribute, value] of [["width", 24], ["height", 10], ["aria-hidden", "true"]]) svg.setAttribute(attribute, value);
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", name.startsWith("site") ? "circle" : "path");
    for (const [attribute, value] of name.startsWith("site") ? [["cx", 12], ["cy", 5], ["r", 5]] : [["d", "M0 5H24"], ["stroke-width", width]]) drawn.setAttribute(attribute, value);
    drawn.setAttribute("class", name);
    svg.append(drawn);
    line.append(svg, made("span", text));
    return line;
  };
  function paint() {
    const by = colour.value;
    const tops = by === "health" ? [500, 1000, 2000, 3500, 10000] : fifths(network.lanes.map((lane) => lane[by]));
    // Fewer steps than colours are spread over all of them.
    const keyOf = (at) => KEYS[tops.length > 1 ? Math.round((at * 4) / (tops.length - 1)) : 0];
    let unknown = false;
    for (const lane of network.lanes) {
      const at = lane[by] === null ? -1 : tops.findIndex((top) => lane[by] <= top);
      unknown ||= at < 0;
      const classes = lane.line.getElement().classList;
      classes.remove(...KEYS, "c-none");
      classes.add(at < 0 ? "c-none" : keyOf(at));
      classes.toggle("shut", !lane.open);
    }
    const keys = [made("strong", words[by])];
    if (network.lanes.some((lane) => lane[by] !== null)) keys.push(...tops.map((top, at) => key(`≤ ${said[by](top)}`, keyOf(at))));
    if (unknown) keys.push(key(words.none, "c-none"));
    if (network.lanes.some((lane) => !lane.open)) keys.push(key(words.closed, "lane shut c2"));
    for (const [mode, name] of Object.entries(words.modes)) keys.push(key(name, `lane mode-${mode} c2`));
    for (const [kind, name] of Object.entries(words.sites)) keys.push(key(name, `site kind-${kind}`));
    legend.replaceChildren(...keys);
    legend.hidden = false;
  }
  for (const element of document.querySelectorAll("[data-needs-map]")) element.hidden = false;
  colour.addEventListener("change", paint);
  paint();
  if (lanes.has(place.dataset.chosen)) choose(lanes.get(place.dataset.chosen));
  place.dataset.drawn = "yes";
})();
