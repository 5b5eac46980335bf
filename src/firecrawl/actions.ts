import { z } from 'zod';
import { invalidField } from '../service-error.ts';

/** Firecrawl's settings of a picture. */
export const pictureFields = {
  fullPage: z.boolean().nullish(),
  quality: z.number().min(0).max(100).nullish(),
};

const selector = z.string().max(500);

/** Firecrawl's actions, as far as they are served. */
const action = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('wait'),
      milliseconds: z.number().min(0).nullish(),
      selector: selector.nullish(),
    }),
    z.strictObject({
      type: z.literal('click'),
      selector,
      all: z.literal(false, 'is not served: one element is clicked').nullish(),
    }),
    z.strictObject({ type: z.literal('write'), text: z.string().max(10_000) }),
    z.strictObject({ type: z.literal('press'), key: z.string().max(50) }),
    z.strictObject({
      type: z.literal('scroll'),
      direction: z.enum(['up', 'down']).default('down'),
      selector: z.null('is not served: the page is scrolled').optional(),
    }),
    z.strictObject({
      type: z.literal('screenshot'),
      ...pictureFields,
      viewport: z.null('is served with the format screenshot').optional(),
    }),
  ],
  'is not served: actions are wait, click, write, press, scroll and screenshot',
);

export const actionsField = z.array(action).max(20, 'must have at most 20 actions').nullish();
export type FirecrawlAction = z.infer<typeof action>;

/** A picture as our own request asks for it. With a quality it is a JPEG. */
export function ownPicture({ fullPage, quality }: { fullPage?: boolean | null; quality?: number | null }) {
  const size = { full_page: fullPage ?? false };
  return quality == null ? size : { ...size, format: 'jpeg', quality: Math.max(1, Math.round(quality)) };
}

/**
 * Our actions for Firecrawl's. Text goes into the field that was clicked last; a scroll goes one
 * window down. Throws ServiceError `validation_failed`.
 */
export function ownActions(actions: FirecrawlAction[], windowHeight: number): object[] {
  let clicked: string | null = null;
  let top = 0;
  const own = [];
  for (const [n, asked] of actions.entries()) {
    if (asked.type === 'click') clicked = asked.selector;
    if (asked.type === 'scroll')
      top = Math.max(0, top + (asked.direction === 'down' ? windowHeight : -windowHeight));
    if (asked.type === 'write' && clicked === null)
      throw invalidField(`actions[${n}]`, 'needs a click on its field before');
    own.push(ownAction(asked, { clicked, top }));
  }
  return own;
}

function ownAction(asked: FirecrawlAction, { clicked, top }: { clicked: string | null; top: number }) {
  if (asked.type === 'write') return { type: 'fill', selector: clicked, value: asked.text };
  if (asked.type === 'scroll') return { type: 'scroll', to: top };
  if (asked.type === 'screenshot') return { type: 'screenshot', ...ownPicture(asked) };
  if (asked.type === 'press') return { type: 'press', key: asked.key };
  if (asked.type === 'click') return { type: 'click', selector: asked.selector };
  const { selector: awaited, milliseconds } = asked;
  return {
    type: 'wait',
    ...(awaited == null ? {} : { selector: awaited }),
    ...(milliseconds == null ? {} : { ms: Math.round(milliseconds) }),
  };
}
