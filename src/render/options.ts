/** Kinds of subresources that a rendered page can go without. */
export const BLOCKABLE = ['images', 'fonts', 'media', 'ads'] as const;
export type Blockable = (typeof BLOCKABLE)[number];

/** What a page waits for, after its load, before it is read. */
export type WaitFor = 'network_idle' | { selector: string } | { ms: number };

/** A step that is taken on a rendered page, in the order given, before it is read. */
export type Action =
  | { type: 'click'; selector: string }
  | { type: 'fill'; selector: string; value: string }
  | { type: 'press'; key: string }
  | { type: 'scroll'; to: 'bottom' | 'top' | number }
  | { type: 'wait'; selector?: string | undefined; ms?: number | undefined };

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
}
