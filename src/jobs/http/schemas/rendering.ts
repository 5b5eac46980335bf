import { z } from 'zod';
import {
  BLOCKABLE,
  makesFiles,
  SCREENSHOT_TYPES,
  type Action,
  type RenderOptions,
  type Screenshot,
  type ScreenshotFormat,
} from '../../../render/options.ts';
import { isValidSelector } from '../../../scrape/selectors.ts';

const MAX_ACTIONS = 20;
const MAX_PAUSE_MS = 30_000;
const DEFAULT_VIEWPORT = { width: 1280, height: 800 };
const KEYS =
  /^(?:(?:Control|Shift|Alt|Meta)\+){0,4}(?:[A-Za-z0-9]|Enter|Tab|Escape|Backspace|Delete|Space|Home|End|PageUp|PageDown|Arrow(?:Up|Down|Left|Right))$/;

const selector = z.string().min(1).max(500).refine(isValidSelector, 'is not a CSS selector');
const pause = z.int().min(0).max(MAX_PAUSE_MS);

const waitFor = z.union([
  z.literal('network_idle'),
  z.strictObject({ selector }),
  z.strictObject({ ms: pause }),
]);

const screenshotFields = {
  full_page: z.boolean().default(false).describe('All of the page, down to 16,384 pixels.'),
  format: z.enum(Object.keys(SCREENSHOT_TYPES) as [ScreenshotFormat]).default('png'),
  quality: z.int().min(1).max(100).optional().describe('Of jpeg and webp.'),
};

function checkQuality(
  { format, quality }: { format: ScreenshotFormat; quality?: number | undefined },
  context: z.RefinementCtx,
): void {
  if (format === 'png' && quality !== undefined)
    context.addIssue({ code: 'custom', path: ['quality'], message: 'needs the format jpeg or webp' });
}

const screenshotSettings = z.strictObject(screenshotFields).superRefine(checkQuality);

const action = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('click'), selector }),
  z.strictObject({ type: z.literal('fill'), selector, value: z.string().max(10_000) }),
  z.strictObject({ type: z.literal('press'), key: z.string().regex(KEYS, 'is not a key, like Enter or a') }),
  z.strictObject({
    type: z.literal('scroll'),
    to: z.union([z.enum(['top', 'bottom']), z.int().min(0).max(1_000_000)]).default('bottom'),
  }),
  z.strictObject({ type: z.literal('wait'), selector: selector.optional(), ms: pause.optional() }),
  z.strictObject({ type: z.literal('screenshot'), ...screenshotFields }).superRefine(checkQuality),
]);

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** How a page is rendered. Each is refused where the page is not. */
const settings = {
  wait_for: waitFor
    .optional()
    .describe('Wait for an element, for a time, or until nothing is loaded any more, before reading.'),
  viewport: z
    .strictObject({ width: z.int().min(200).max(3840), height: z.int().min(200).max(3840) })
    .optional()
    .describe('The size of the window. Default: 1280 by 800.'),
  mobile: z.boolean().optional().describe('Render as a phone does.'),
  locale: z
    .string()
    .max(35)
    .refine(isLocale, 'is not a language tag, like de-AT')
    .optional()
    .describe('The language of the browser.'),
  timezone: z
    .string()
    .max(50)
    .refine(isTimezone, 'is not a time zone, like Europe/Vienna')
    .optional()
    .describe('The time zone of the browser.'),
  block: z
    .array(z.enum(BLOCKABLE))
    .max(BLOCKABLE.length)
    .optional()
    .describe('What is not loaded. Default: images, fonts and media; with files of the page, media.'),
  actions: z
    .array(action)
    .max(MAX_ACTIONS, `must have at most ${MAX_ACTIONS} actions`)
    .optional()
    .describe('Steps that are taken in turn before the page is read.'),
  scroll_to_end: z
    .boolean()
    .optional()
    .describe('Scroll down until the page grows no more, at most 30 times.'),
  screenshot: z
    .union([z.boolean(), screenshotSettings])
    .optional()
    .describe('A picture of the page as it is read, as a file of the job: of the window, or of all of it.'),
  pdf: z.boolean().optional().describe('The page in print, as a file of the job.'),
};

/** The fields of a request that have to do with rendering. */
export const renderFields = {
  render: z
    .union([z.boolean(), z.literal('auto')])
    .default(false)
    .describe('Run the scripts of the page in a browser: always, or where it says nothing without.'),
  ...settings,
};

/** What a validated request says of rendering. */
export type RenderBody = z.infer<z.ZodObject<typeof renderFields>>;

/** Refuses settings that would be silently unused. */
export function checkRenderFields(body: Partial<RenderBody>, context: z.RefinementCtx): void {
  if (body.render !== false) return;
  for (const name of Object.keys(settings) as (keyof typeof settings)[])
    if (body[name] !== undefined)
      context.addIssue({ code: 'custom', path: [name], message: 'needs render: true or "auto"' });
}

/**
 * The settings of a validated request, every default filled in; null where pages are not rendered.
 */
export function renderOptions(body: RenderBody): RenderOptions | null {
  if (body.render === false) return null;
  const files = {
    screenshot: screenshotOf(body.screenshot ?? false),
    pdf: body.pdf ?? false,
    actions: (body.actions ?? []).map(actionOf),
  };
  return {
    ...files,
    wait_for: body.wait_for ?? null,
    viewport: body.viewport ?? (body.mobile === true ? { width: 390, height: 844 } : DEFAULT_VIEWPORT),
    mobile: body.mobile ?? false,
    locale: body.locale ?? null,
    timezone: body.timezone ?? null,
    block: body.block ?? (makesFiles(files) ? ['media'] : ['images', 'fonts', 'media']),
    scroll_to_end: body.scroll_to_end ?? false,
  };
}

function screenshotOf(asked: boolean | z.infer<typeof screenshotSettings>): Screenshot | null {
  if (asked === false) return null;
  const { full_page, format, quality } = asked === true ? screenshotSettings.parse({}) : asked;
  return { full_page, format, quality: quality ?? null };
}

function actionOf(asked: z.infer<typeof action>): Action {
  return asked.type === 'screenshot' ? { ...asked, quality: asked.quality ?? null } : asked;
}
