import { z } from 'zod';
import { actionsField, ownActions, ownPicture, pictureFields } from './actions.ts';

const size = z.object({ width: z.number(), height: z.number() });

/** The format screenshot with its settings. */
export const screenshotFormat = z.strictObject({
  type: z.literal('screenshot'),
  ...pictureFields,
  viewport: size.nullish(),
});

/** Those of Firecrawl's scrape options that concern the browser. */
export const browserFields = {
  waitFor: z.number().min(0).max(60_000).nullish(),
  mobile: z.boolean().nullish(),
  location: z
    .object({
      country: z.string().max(20).nullish(),
      languages: z.array(z.string().max(35)).max(20).nullish(),
    })
    .nullish(),
  actions: actionsField,
  blockAds: z.boolean().nullish(),
};
type BrowserOptions = z.infer<z.ZodObject<typeof browserFields>>;
export type ScreenshotFormat = z.infer<typeof screenshotFormat>;

/** The default window. */
const WINDOW_HEIGHT = { desktop: 800, mobile: 844 };
const MAX_WAIT_MS = 30_000;

/**
 * The fields of our own request for the browser. A picture and actions need one; to wait, a phone
 * or a place only count where a page is rendered, which is then done where it needs it.
 */
export function ownBrowserFields(
  { waitFor, mobile, location, actions, blockAds }: BrowserOptions,
  screenshot: ScreenshotFormat | null,
): Record<string, unknown> {
  const needsBrowser = screenshot !== null || (actions ?? []).length > 0;
  const mayRender = (waitFor ?? 0) > 0 || mobile === true;
  if (!needsBrowser && !mayRender) return {};
  const viewport = screenshot?.viewport ?? undefined;
  const height = viewport?.height ?? (mobile === true ? WINDOW_HEIGHT.mobile : WINDOW_HEIGHT.desktop);
  const picturesCount = screenshot !== null || (actions ?? []).some(({ type }) => type === 'screenshot');
  return {
    render: needsBrowser ? true : 'auto',
    ...(waitFor ? { wait_for: { ms: Math.min(Math.round(waitFor), MAX_WAIT_MS) } } : {}),
    ...(mobile == null ? {} : { mobile }),
    ...(viewport ? { viewport } : {}),
    ...(actions == null ? {} : { actions: ownActions(actions, height) }),
    ...(screenshot === null ? {} : { screenshot: ownPicture(screenshot) }),
    ...(blockAds === true ? { block: [...(picturesCount ? [] : ['images', 'fonts']), 'media', 'ads'] } : {}),
    ...placeOf(location),
  };
}

/** The language of a country, and its time zone if it has only one. */
function placeOf(location: BrowserOptions['location']): Record<string, string> {
  const country = /^[a-z]{2}$/i.test(location?.country ?? '') ? location!.country!.toUpperCase() : null;
  const language = location?.languages?.[0];
  const locale = language === undefined ? null : localeOf(language, country);
  const zones = country === null ? [] : timeZonesOf(country);
  return {
    ...(locale === null ? {} : { locale }),
    ...(zones.length === 1 ? { timezone: zones[0]! } : {}),
  };
}

function localeOf(language: string, country: string | null): string | null {
  try {
    const locale = new Intl.Locale(language);
    return (
      locale.region === undefined && country !== null
        ? new Intl.Locale(language, { region: country })
        : locale
    ).toString();
  } catch {
    return null; // not a language tag
  }
}

/** The time zones of a country, by ECMA-402's locale info. */
function timeZonesOf(country: string): string[] {
  const locale = new Intl.Locale('und', { region: country }) as Intl.Locale & {
    getTimeZones?: () => string[] | undefined;
  };
  return locale.getTimeZones?.() ?? [];
}
