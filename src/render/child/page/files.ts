import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { Semaphore } from '../../../limits/semaphore.ts';
import { PageFileError } from '../../../scrape/types.ts';
import type { RenderedFile, RenderedFiles } from '../../messages.ts';
import { SCREENSHOT_TYPES, type RenderOptions, type Screenshot } from '../../options.ts';

/** The most bytes of one file, and of all files of one page. */
const MAX_FILE_BYTES = 10 * 1024 * 1024;
const MAX_PAGE_BYTES = 20 * 1024 * 1024;
/** In pixels. Chromium paints nothing beyond this height. */
const MAX_HEIGHT = 16_384;
const MAX_WIDTH = 3840;
/** A picture of noise takes 84 MB as the browser hands it over, twice at a time. */
const MAX_PIXELS = 1280 * MAX_HEIGHT;
/** How many bytes of a PDF are read at a time. */
const PIECE_BYTES = 1024 * 1024;
const A4_INCHES = { paperWidth: 8.27, paperHeight: 11.69 };
/** How long a page may take to be pictured. Then it has no picture, and others get their turn. */
const CAPTURE_LIMIT_MS = 15_000;

/**
 * The browser hands a picture over in one piece, however large. One at a time in this process
 * bounds its memory.
 */
const turns = new Semaphore(1);

type Content = Pick<RenderedFile, 'type' | 'content' | 'size' | 'truncated'>;

/** Makes the files of one page. A file that is too large, or fails, does not fail the page. */
export class Files {
  readonly all: RenderedFiles = { made: [], faults: [] };
  readonly #cdp: CDPSession;
  readonly #options: RenderOptions;
  #bytes = 0;
  #steps = 0;

  constructor(cdp: CDPSession, options: RenderOptions) {
    this.#cdp = cdp;
    this.#options = options;
  }

  /** Pictures the page as it stands after a step; the pictures of steps are numbered. */
  async pictureStep(shot: Screenshot): Promise<void> {
    await this.#make(`screenshot-${++this.#steps}.${shot.format}`, async () => await this.#picture(shot));
  }

  /** Pictures the page as it is read, where that is asked for. */
  async picture(): Promise<void> {
    const { screenshot: shot } = this.#options;
    if (shot != null) await this.#make(`screenshot.${shot.format}`, async () => await this.#picture(shot));
  }

  /** Prints the page, where that is asked for. */
  async print(): Promise<void> {
    if (this.#options.pdf === true) await this.#make('page.pdf', async () => await this.#print());
  }

  async #make(name: string, make: () => Promise<Content>): Promise<void> {
    try {
      const made = await make();
      if (this.#bytes + made.content.length > MAX_PAGE_BYTES) throw new PageFileError('too_large');
      this.#bytes += made.content.length;
      this.all.made.push({ name, sha256: hash('sha256', made.content), ...made });
    } catch (error) {
      this.all.faults.push({ name, code: error instanceof PageFileError ? error.code : 'failed' });
    }
  }

  async #picture({ full_page, format, quality }: Screenshot): Promise<Content> {
    using _ = await turns.acquire();
    const { height: contentHeight, ...area } = full_page ? await this.#wholePage() : this.#options.viewport;
    const height = Math.min(contentHeight, MAX_HEIGHT, Math.floor(MAX_PIXELS / area.width));
    const size = { ...area, height };
    const capture = this.#cdp.send('Page.captureScreenshot', {
      format,
      ...(quality === null ? {} : { quality }),
      ...(full_page ? { captureBeyondViewport: true, clip: { x: 0, y: 0, ...size, scale: 1 } } : {}),
    });
    const late = sleep(CAPTURE_LIMIT_MS, null, { ref: false });
    const answer = await Promise.race([capture, late]);
    if (answer === null) throw new PageFileError('failed');
    if (answer.data.length * 0.75 > MAX_FILE_BYTES) throw new PageFileError('too_large');
    const content = Buffer.from(answer.data, 'base64');
    return { type: SCREENSHOT_TYPES[format], content, size, truncated: height < contentHeight };
  }

  async #wholePage(): Promise<{ width: number; height: number }> {
    const { cssContentSize } = await this.#cdp.send('Page.getLayoutMetrics');
    const { width, height } = cssContentSize;
    return {
      width: Math.min(MAX_WIDTH, Math.max(1, Math.ceil(width))),
      height: Math.max(1, Math.ceil(height)),
    };
  }

  async #print(): Promise<Content> {
    const { stream } = await this.#cdp.send('Page.printToPDF', {
      ...A4_INCHES,
      printBackground: true,
      preferCSSPageSize: true,
      transferMode: 'ReturnAsStream',
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    try {
      for (let eof = false; !eof;) {
        const piece = await this.#cdp.send('IO.read', { handle: stream!, size: PIECE_BYTES });
        pieces.push(Buffer.from(piece.data, piece.base64Encoded === true ? 'base64' : 'latin1'));
        bytes += pieces.at(-1)!.length;
        if (bytes > MAX_FILE_BYTES) throw new PageFileError('too_large');
        eof = piece.eof;
      }
    } finally {
      await this.#cdp.send('IO.close', { handle: stream! }).catch(() => {}); // the page is gone
    }
    return { type: 'application/pdf', content: Buffer.concat(pieces), size: null, truncated: false };
  }
}
