import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/**
 * Coloured where the output is a terminal that shows colours; plain otherwise, and with NO_COLOR.
 */
const paint = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });

export const dim = (text: string) => paint('dim', text);
export const bold = (text: string) => paint('bold', text);
export const tick = () => paint('green', '✓');
export const cross = () => paint('red', '✗');

let silent = false;

/** Prints nothing more, after an interruption. */
export function mute(): void {
  silent = true;
}

/** Prints lines, indented; an empty text is a blank line. */
export function say(...lines: string[]): void {
  if (silent) return;
  for (const text of lines.length > 0 ? lines : [''])
    for (const line of text.split('\n')) console.log(line === '' ? '' : `  ${line}`);
}

/** Begins a chapter. */
export function chapter(title: string): void {
  if (!silent) console.log(`\n${bold(title)}\n`);
}

/** A line with its label in a column of its own. */
export function labelled(label: string, text: string): string {
  return `${dim(label.padEnd(10))}${text}`;
}

const BAR = 36;

export interface Progress {
  update(done: number, total: number): void;
  end(): void;
}

/** A bar that grows in place on a terminal; elsewhere a line for each quarter. */
export function startProgress(unit: string): Progress {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  let shown = '';
  let quarter = 0;
  return {
    update(done, total) {
      if (silent) return;
      const share = total === 0 ? 0 : done / total;
      const filled = Math.round(BAR * share);
      const bar = `${paint('green', '█'.repeat(filled))}${dim('░'.repeat(BAR - filled))}`;
      const line = `${bar}  ${done} of ${total} ${unit}`;
      if (process.stdout.isTTY) {
        process.stdout.write(`\r  ${line}  ${dim(seconds())}\u001b[K`);
      } else if (line !== shown && Math.floor(share * 4) > quarter) {
        quarter = Math.floor(share * 4);
        say(`${line}  ${seconds()}`);
      }
      shown = line;
    },
    end() {
      if (!silent && process.stdout.isTTY) process.stdout.write('\n');
    },
  };
}
