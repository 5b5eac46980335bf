/** The kinds of subresources that a page can be rendered without. */
export const BLOCKABLE = ['images', 'fonts', 'media', 'ads'] as const;
export type Blockable = (typeof BLOCKABLE)[number];

/** What a page waits for, after its load, before it is read. */
export type WaitFor = 'network_idle' | { selector: string } | { ms: number };

/** The formats of screenshots, and their media types. */
export const SCREENSHOT_TYPES = { png: 'image/png', jpeg: 'image/jpeg', webp: 'image/webp' } as const;
export type ScreenshotFormat = keyof typeof SCREENSHOT_TYPES;

/** A picture of a page: of the window, or of all of it. */
export interface Screenshot {
  full_page: boolean;
  format: ScreenshotFormat;
  /** 1 to 100; null: the browser's own, and that of `png`. */
  quality: number | null;
}

/** A step that is taken on a rendered page, in the order given, before it is read. */
export type Action =
  | { type: 'click'; selector: string }
  | { type: 'fill'; selector: string; value: string }
  | { type: 'press'; key: string }
  | { type: 'scroll'; to: 'bottom' | 'top' | number }
  | { type: 'wait'; selector?: string | undefined; ms?: number | undefined }
  | ({ type: 'screenshot' } & Screenshot);

/** How pages are rendered, every default filled in. */
export interface RenderOptions {
  wait_for: WaitFor | null;
  viewport: { width: number; height: number };
  mobile: boolean;
  locale: string | null;
  timezone: string | null;
  block: Blockable[];
  actions: Action[];
  scroll_to_end: boolean;
  /**
   * A picture of the page as it is read; null: none. Missing in jobs that are older than pictures.
   */
  screenshot?: Screenshot | null;
  /** Whether the page is printed, too. */
  pdf?: boolean;
}

/** Whether these options make files of a page. */
export function makesFiles({
  screenshot,
  pdf,
  actions,
}: Pick<RenderOptions, 'screenshot' | 'pdf' | 'actions'>): boolean {
  return screenshot != null || pdf === true || actions.some(({ type }) => type === 'screenshot');
}
