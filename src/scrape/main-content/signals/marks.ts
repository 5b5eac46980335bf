import type { Element } from 'domhandler';
import { isAttribution, isInNote, isNote } from './notes.ts';
import { evidenceOfNames, type Lexicon, lexicalNames, NO_TERMS, type TermEvidence } from './words/lexicon.ts';
import { tokensOf } from './words/tokens.ts';

const words = (list: string): string[] => list.split(' ');

/** Elements whose presence around a text says something of it. */
const TAGS = words(
  'main article section header footer nav aside form button label table thead ul ol li dl dt dd ' +
    'figure figcaption p pre blockquote details summary a h1 h2 h3 h4 h5 h6 time address td th code ' +
    'center dialog fieldset small',
);

/** ARIA roles, and the vocabulary of microdata and microformats. */
const ROLES = words(
  'main article navigation banner contentinfo complementary search dialog button menu menuitem tab ' +
    'tabpanel list listitem listbox option status alert region feed tooltip group form heading ' +
    'presentation',
);

/** Words of `class` and `id` that say plainly which part an element plays, by part. */
const VOCABULARY: Record<string, string[]> = {
  navigation: words(
    'nav navs navbar navigation menu menus submenu megamenu menubar topnav subnav sidenav navgroup ' +
      'navmenu mega masthead burger navheader navfooter',
  ),
  breadcrumb: words('breadcrumb breadcrumbs crumb crumbs'),
  footer: words('footer foot bottom colophon subfooter footnav'),
  legal: words('copyright legal disclaimer policy policies terms privacy'),
  sidebar: words('sidebar aside rail secondary side complementary tertiary'),
  social: words(
    'share sharing social socials facebook twitter instagram pinterest linkedin youtube whatsapp ' +
      'follow sharethis addtoany rss',
  ),
  subscribe: words(
    'newsletter subscribe subscription subscriptions signup optin mailchimp klaviyo email waitlist',
  ),
  account: words('login signin register account sign logout auth user join guest'),
  search: words('search searchbox searchbar autocomplete suggestions'),
  consent: words('cookie cookies consent gdpr onetrust ot sdk ccpa'),
  overlay: words(
    'modal popup dialog overlay lightbox drawer offcanvas flyout tooltip popover dropdown backdrop',
  ),
  advert: words(
    'ad ads advert adverts advertisement sponsor sponsored promo promos promotion promotions dfp ' +
      'adsense partner',
  ),
  // Not `more`: links to more on the same matter bear it, and parts of a text.
  related: words(
    'related recommended recommendation recommendations similar trending popular recent latest ' +
      'upsell also crosssell recs',
  ),
  comment: words('comment comments disqus respond discussion commentlist'),
  post: words('post posts message messages thread threads bbp conversation'),
};

/**
 * Elements that hold the page or its content: their class names style the page and say nothing
 * against what they hold.
 */
const NEUTRAL = new Set(['html', 'body', 'main', 'article']);

const TOKEN_MARKS = new Map<string, number[]>();
/** The marks that tags and roles set. */
export const STRUCTURAL_MARKS: readonly string[] = [
  ...TAGS.map((tag) => `<${tag}>`),
  ...ROLES.map((role) => `@${role}`),
];
/** All marks: those, and one for each part that class names speak of. */
export const MARKS: string[] = [...STRUCTURAL_MARKS];
for (const [group, tokens] of Object.entries(VOCABULARY)) {
  for (const token of tokens) TOKEN_MARKS.set(token, [...(TOKEN_MARKS.get(token) ?? []), MARKS.length]);
  MARKS.push(group);
}
const TAG_MARK = new Map(TAGS.map((tag, i) => [tag, i]));
const ROLE_MARK = new Map(ROLES.map((role, i) => [role, TAGS.length + i]));

function marksOfTokens(names: string): number[] {
  const found = new Set<number>();
  for (const token of tokensOf(names)) for (const mark of TOKEN_MARKS.get(token) ?? []) found.add(mark);
  return [...found];
}

const NONE: number[] = [];
/**
 * An id of more words names what the element holds, as the anchor of a section does, and not the
 * part that it plays.
 */
const MAX_ID_WORDS = 2;

function idOf(id: string): string {
  return tokensOf(id).length > MAX_ID_WORDS ? '' : id;
}

function namesOf(element: Element, note: boolean): string {
  const { class: names = '', id } = element.attribs;
  const ofText = note || (/aside/i.test(names) && isInNote(element));
  const own = ofText ? names.replace(/aside|footer/gi, '') : names.replace('blockquote-footer', '');
  return id === undefined ? own : `${own} ${idOf(id)}`;
}

/**
 * Reads the marks and names of elements, and remembers them, because class names repeat. A note may
 * be an `<aside>`, and the source of a quotation a `<footer>`: that says nothing against either.
 */
export class MarkReader {
  readonly #known = new Map<string, number[]>();
  readonly #knownNames = new Map<string, TermEvidence>();
  readonly #lexicon: Lexicon;

  constructor(lexicon: Lexicon) {
    this.#lexicon = lexicon;
  }

  marksOf(element: Element): number[] {
    const { name, attribs } = element;
    const note = isNote(element) || isAttribution(element);
    const tag = note ? undefined : TAG_MARK.get(name);
    const role = note || attribs['role'] === undefined ? undefined : ROLE_MARK.get(attribs['role']);
    const named = NEUTRAL.has(name) ? NONE : this.#marksOfNames(namesOf(element, note));
    if (tag === undefined && role === undefined) return named;
    return [tag ?? role!, ...(tag !== undefined && role !== undefined ? [role] : NONE), ...named];
  }

  /** What the element's names say by the lexicon. */
  evidenceOf(element: Element): TermEvidence {
    const { name, attribs } = element;
    const { role = '', itemprop = '', class: names = '', id = '' } = attribs;
    const mayBeNote = name === 'aside' || name === 'footer' || role === 'alert';
    if (mayBeNote && (isNote(element) || isAttribution(element))) return NO_TERMS;
    if (/aside/i.test(names) && isInNote(element)) return NO_TERMS;
    const key = `${name} ${role} ${itemprop} ${names} ${id}`;
    let known = this.#knownNames.get(key);
    if (known === undefined) {
      known = evidenceOfNames(lexicalNames(element), this.#lexicon);
      this.#knownNames.set(key, known);
    }
    return known;
  }

  #marksOfNames(names: string): number[] {
    if (names.length < 2) return NONE;
    let known = this.#known.get(names);
    if (known === undefined) this.#known.set(names, (known = marksOfTokens(names)));
    return known;
  }
}
