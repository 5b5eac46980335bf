import type { JobSummary } from '../answers.ts';

const BAR = 24;
/** The shortest time between lines in a file or a pipe. */
const LINE_MS = 2000;

type Counts = Pick<JobSummary, 'total' | 'remaining' | 'failed' | 'skipped'>;

/** A job's progress in words: `17 of 24 pages, 2 failed  9.4/s  1.8 s`. */
export function progressText(job: Counts, seconds: number): string {
  const done = job.total - job.remaining;
  const aside = [job.failed > 0 && `, ${job.failed} failed`, job.skipped > 0 && `, ${job.skipped} skipped`];
  const rate = seconds < 0.1 ? '' : `  ${(done / seconds).toFixed(1)}/s`;
  return `${done} of ${pages(job.total)}${aside.filter(Boolean).join('')}${rate}  ${seconds.toFixed(1)} s`;
}

/** A number of pages in words. */
export const pages = (count: number) => `${count} ${count === 1 ? 'page' : 'pages'}`;

/** The same after a bar, cut to fit a line of `columns`. */
export function progressBar(job: Counts, seconds: number, columns: number): string {
  const filled = job.total === 0 ? 0 : Math.floor((BAR * (job.total - job.remaining)) / job.total);
  const line = `${'█'.repeat(filled)}${'░'.repeat(BAR - filled)}  ${progressText(job, seconds)}`;
  return line.slice(0, columns - 1);
}

/** What progress is written to: a terminal, or anything else. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  show(job: JobSummary): void;
  /** Ends the line of the last state. */
  end(): void;
}

/**
 * A bar that is redrawn in place on a terminal, and plain lines elsewhere. `now` in milliseconds.
 */
export function createProgress(output: Output, now: () => number = () => performance.now()): Progress {
  const start = now();
  let lastLine = -Infinity;
  let drawn = false;
  return {
    show(job) {
      const time = now();
      const seconds = (time - start) / 1000;
      if (output.isTTY === true) {
        output.write(`\r${progressBar(job, seconds, output.columns || 80)}\u001b[K`);
        drawn = true;
      } else if (job.finished_at !== null || time - lastLine >= LINE_MS) {
        output.write(`${progressText(job, seconds)}\n`);
        lastLine = time;
      }
    },
    end() {
      if (drawn) output.write('\n');
      drawn = false;
    },
  };
}
