// Charts as SVG, by Vega-Lite, without a browser.
import { writeFileSync } from 'node:fs';

const config = {
  background: 'white',
  font: 'sans-serif',
  axis: { labelFontSize: 11, titleFontSize: 11, gridColor: '#eee' },
  title: { fontSize: 13, anchor: 'start' },
  header: { labelFontSize: 12, labelAnchor: 'start', labelFontWeight: 'bold', title: null },
  view: { stroke: null },
};

const COLOURS = { ours: '#2a7f62', theirs: '#9aa5b1', limit: '#4c6a92' };

/** Loaded when needed: the questions can be asked without it. */
export async function drawChart(spec, file) {
  const [vega, lite] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = lite.compile({ ...spec, config: { ...config, ...spec.config } }).spec;
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  writeFileSync(file, `${await view.toSVG()}\n`);
  view.finalize();
}

const kindOf = (name) =>
  name.startsWith('reapwell') ? 'ours' : name.startsWith('C:') ? 'limit' : 'theirs';

const colour = {
  field: 'kind',
  type: 'nominal',
  legend: null,
  scale: { domain: Object.keys(COLOURS), range: Object.values(COLOURS) },
};

/** Bars of medians with the quartiles, a part for each table, each with its own scale. */
export function bars(title, tables) {
  const parts = tables.map(({ title: part, unit, rows }) => {
    const values = rows
      .filter(({ missing }) => missing === undefined)
      .map(({ name, median, q1, q3 }) => ({ name, kind: kindOf(name), median, q1, q3 }));
    const largest = Math.max(...values.map(({ q3 }) => q3));
    const y = {
      field: 'name',
      type: 'nominal',
      sort: null,
      axis: { title: null, labelLimit: 220 },
    };
    const x = { field: 'median', type: 'quantitative', axis: { title: unit, tickCount: 6 } };
    x.scale = { zero: true, domainMax: largest * 1.12 };
    const beside = { ...x, field: 'q3' };
    return {
      title: part,
      width: 420,
      height: { step: 18 },
      data: { values },
      layer: [
        { mark: { type: 'bar', height: 12 }, encoding: { y, x, color: colour } },
        {
          mark: { type: 'rule', color: '#333', clip: true },
          encoding: { y, x: { field: 'q1', type: 'quantitative' }, x2: { field: 'q3' } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 6, fontSize: 10, dy: -1 },
          encoding: { y, x: beside, text: { field: 'median', format: ',.3~r' } },
        },
      ],
    };
  });
  return {
    title: { text: title, offset: 16 },
    vconcat: parts,
    resolve: { scale: { x: 'independent', y: 'independent' } },
  };
}

/** Lines over a quantity, a line for each series; `values`: `{ x, y, series }`. */
export function lines(
  title,
  values,
  { x, y, logX = false, logY = false, width = 420, height = 240 },
) {
  const scale = (log) => (log ? { type: 'log' } : { zero: false });
  return {
    title,
    ...{ width, height, data: { values } },
    mark: { type: 'line', point: { size: 25 } },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: x, scale: scale(logX) },
      y: { field: 'y', type: 'quantitative', title: y, scale: scale(logY) },
      color: {
        field: 'series',
        type: 'nominal',
        title: null,
        sort: null,
        legend: { labelLimit: 300 },
      },
    },
  };
}
