import { html, type Html } from '../../http/html/html.ts';

const RELATIVE: [number, string][] = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/**
 * How long ago, or in how long, with the exact time in UTC in its title. The script adds the
 * viewer's time.
 */
export function time(at: Date | null, now: number = Date.now()): Html {
  if (at === null) return html`<span class="quiet">–</span>`;
  const seconds = Math.round((now - at.getTime()) / 1000);
  const [unit, name] = RELATIVE.find(([size]) => Math.abs(seconds) >= size) ?? [1, 's'];
  const amount = Math.floor(Math.abs(seconds) / unit);
  const text = seconds === 0 ? 'just now' : seconds > 0 ? `${amount} ${name} ago` : `in ${amount} ${name}`;
  return html`<time datetime="${at.toISOString()}" title="${exact(at)}" data-form="relative">${text}</time>`;
}

/** The exact time in UTC. The script shows it in the viewer's zone. */
export function exactTime(at: Date | null): Html {
  if (at === null) return html`<span class="quiet">–</span>`;
  return html`<time datetime="${at.toISOString()}">${exact(at)}</time>`;
}

const exact = (at: Date) => `${at.toISOString().replace('T', ' ').replace(/Z$/, '')} UTC`;

export const count = (n: number) => n.toLocaleString('en-US');

/** `1 page`, `2 pages`. */
export const plural = (n: number, word: string) => `${count(n)} ${word}${n === 1 ? '' : 's'}`;

export function duration(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60
    ? `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`
    : `${(minutes / 60).toFixed(1)} h`;
}

export function bytes(n: number | null): string {
  if (n === null) return '–';
  if (n < 1024) return `${n} B`;
  if (n < 1024 * 1024) return `${(n / 1024).toFixed(1)} KiB`;
  return `${(n / 1024 / 1024).toFixed(1)} MiB`;
}

export const percent = (share: number | null) =>
  share === null ? '–' : `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
