import { html, type Content, type Html } from '../../http/html/html.ts';

const WIDTH = 600;
const HEIGHT = 120;

export interface Series {
  name: string;
  /** The class that colours it. */
  tone: 'accent' | 'good' | 'bad' | 'one' | 'two' | 'three';
  /** One value a place; null where there is none. */
  values: (number | null)[];
}

export interface Chart {
  title: string;
  /** The figure that matters most, large. */
  figure: Content;
  series: Series[];
  /** What each place stands for, like "14:05 UTC". */
  places: string[];
  /** The times of the places, for the script to show in the viewer's zone. */
  times?: Date[];
  format: (value: number) => string;
}

/** Stacked bars over time, drawn on the server. */
export function barChart(chart: Chart): Html {
  const totals = chart.places.map((_, n) => chart.series.reduce((sum, s) => sum + (s.values[n] ?? 0), 0));
  const max = niceMaximum(Math.max(...totals));
  const step = WIDTH / chart.places.length;
  const bars = chart.places.map((place, n) => {
    let top = HEIGHT;
    const parts = chart.series.map((s) => {
      const height = ((s.values[n] ?? 0) / max) * HEIGHT;
      top -= height;
      return (
        height > 0 &&
        html`<rect
          class="${s.tone}"
          x="${round(n * step + step * 0.1)}"
          y="${round(top)}"
          width="${round(step * 0.8)}"
          height="${round(height)}"
        ></rect>`
      );
    });
    return html`<g>${parts}${tooltip(chart, place, n, step)}</g>`;
  });
  return figure(chart, max, bars);
}

/**
 * Lines over time; a place without a value interrupts its line, and a value between two such is a
 * point.
 */
export function lineChart(chart: Chart): Html {
  const values = chart.series.flatMap((s) => s.values.filter((v) => v !== null));
  const max = niceMaximum(Math.max(0, ...values));
  const step = WIDTH / chart.places.length;
  const x = (place: number) => round((place + 0.5) * step);
  const y = (value: number) => round(HEIGHT - (value / max) * HEIGHT);
  const lines = chart.series.map((s) => {
    const drawn = runs(s.values).map(({ start, values: run }) => ({
      alone: run.length === 1,
      path: run.map((v, n) => `${n === 0 ? 'M' : 'L'}${x(start + n)} ${y(v)}`).join(''),
    }));
    const line = drawn.filter(({ alone }) => !alone).map(({ path }) => path);
    // A line needs two values. One that has no neighbour is a point: a line of no length with round
    // ends.
    const points = drawn.filter(({ alone }) => alone).map(({ path }) => `${path}h0`);
    return html`${line.length > 0 && html`<path class="line ${s.tone}" d="${line.join('')}"></path>`}
    ${points.length > 0 && html`<path class="line point ${s.tone}" d="${points.join('')}"></path>`}`;
  });
  // The first series is drawn last, over points of others that have the same value.
  return figure(chart, max, [
    lines.toReversed(),
    chart.places.map((place, n) => tooltip(chart, place, n, step)),
  ]);
}

function runs(values: (number | null)[]): { start: number; values: number[] }[] {
  const found: { start: number; values: number[] }[] = [];
  for (const [n, value] of values.entries()) {
    if (value === null) continue;
    const last = found.at(-1);
    if (last && last.start + last.values.length === n) last.values.push(value);
    else found.push({ start: n, values: [value] });
  }
  return found;
}

function tooltip(chart: Chart, place: string, n: number, step: number): Html {
  const said = chart.series.map(
    (s) => `${s.name} ${s.values[n] === null ? '–' : chart.format(s.values[n] ?? 0)}`,
  );
  return html`<rect class="hit" x="${round(n * step)}" y="0" width="${round(step)}" height="${HEIGHT}"
    ><title ${chart.times && html`data-at="${chart.times[n]!.toISOString()}" data-place="${place}"`}>
      ${place}: ${said.join(', ')}
    </title></rect
  >`;
}

function figure(chart: Chart, max: number, drawing: Content): Html {
  const { title, series, places, format } = chart;
  const said = series.map((s) => `${s.name}: ${summary(s, format)}`).join('. ');
  const label = `${title}, ${places[0]} to ${places.at(-1)}. ${said}.`;
  return html`<figure class="chart">
    <figcaption>
      <span class="name">${title}</span><span class="value">${chart.figure}</span>
      ${series.length > 1 && html`<span class="legend">${series.map((s) => html`<span class="key ${s.tone}">${s.name}</span>`)}</span>`}
    </figcaption>
    <div class="plot">
      <span class="scale" aria-hidden="true">${format(max)}</span>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${label}">
        <path class="grid" d="M0 0.5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}"></path>
        ${drawing}
      </svg>
      <span class="ends" aria-hidden="true"
        ><span>${placeAt(chart, 0)}</span><span>${placeAt(chart, places.length - 1)}</span></span
      >
    </div>
  </figure>`;
}

function summary(series: Series, format: (value: number) => string): string {
  const values = series.values.filter((v) => v !== null);
  if (values.length === 0) return 'nothing';
  return `at most ${format(Math.max(...values))}, last ${format(values.at(-1)!)}`;
}

function placeAt({ places, times }: Chart, n: number): Content {
  const at = times?.[n];
  return at ? html`<time datetime="${at.toISOString()}" data-form="clock">${places[n]}</time>` : places[n];
}

/** The next 1, 2 or 5 times a power of ten, so that the scale reads well. */
function niceMaximum(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value)!;
}

const round = (n: number) => Math.round(n * 10) / 10;
