import { z } from 'zod';
import { invalidField } from '../service-error.ts';

/** How a picture is wanted there. */
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
 * Our own actions for Firecrawl's. What is written goes into the field that was clicked last; a
 * scroll goes one window on. Throws ServiceError `validation_failed`.
 */
export function ownActions(actions: FirecrawlAction[], windowHeight: number): object[] {
  let clicked: string | null = null;
  let top = 0;
  return actions.map((asked, n) => {
    switch (asked.type) {
      case 'wait':
        return {
          type: 'wait',
          ...(asked.selector == null ? {} : { selector: asked.selector }),
          ...(asked.milliseconds == null ? {} : { ms: Math.round(asked.milliseconds) }),
        };
      case 'click':
        clicked = asked.selector;
        return { type: 'click', selector: clicked };
      case 'write':
        if (clicked === null) throw invalidField(`actions[${n}]`, 'needs a click on its field before');
        return { type: 'fill', selector: clicked, value: asked.text };
      case 'press':
        return { type: 'press', key: asked.key };
      case 'scroll':
        top = Math.max(0, top + (asked.direction === 'down' ? windowHeight : -windowHeight));
        return { type: 'scroll', to: top };
      case 'screenshot':
        return { type: 'screenshot', ...ownPicture(asked) };
    }
  });
}
