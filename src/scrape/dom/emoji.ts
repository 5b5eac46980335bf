import type { Element } from 'domhandler';

/** Classes of images that stand for a character. */
const EMOJI_CLASS = /(?:^|[\s_-])(?:emoji|emojione|twemoji|joypixels|smil(?:ey|ie)s?)(?:$|[\s_-])/i;
const EMOJI_ADDRESS = /[/_.-](?:emoji|emojione|twemoji|smil(?:ey|ie)s?)[/_.-]/i;
/** What an emoji has: a character beyond ASCII. */
const BEYOND_ASCII = /\P{ASCII}/u;
/** The longest name of an emoji, as in `:face_with_tears_of_joy:`. */
const MAX_NAME = 40;

/** The text of an image that stands for an emoji or a smiley, null for any other element. */
export function emojiOf({ name, attribs }: Element): string | null {
  if (name !== 'img') return null;
  const text = attribs['alt']?.trim() ?? '';
  if (text === '' || text.length > MAX_NAME) return null;
  if (BEYOND_ASCII.test(text) && isEmoji(text)) return text;
  const marked =
    EMOJI_CLASS.test(attribs['class'] ?? '') || EMOJI_ADDRESS.test(attribs['src']?.slice(0, 300) ?? '');
  return marked && !/\s/.test(text) ? text : null;
}

let emoji: RegExp | undefined;

/** The pattern lists thousands of sequences: it takes some 5 ms to compile, on the first call. */
function isEmoji(text: string): boolean {
  emoji ??= /^(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\uFE0F?|\p{Emoji}\uFE0F?\u20E3)+$/v;
  return emoji.test(text);
}
