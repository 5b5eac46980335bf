import type { Element } from 'domhandler';
import { isAttribution, isInNote, isNote } from './notes.ts';
import { tokensOf } from './tokens.ts';

const words = (list: string): string[] => list.split(' ');

/** Elements whose presence around a text says something of it. */
const TAGS = words(
  'main article section header footer nav aside form button label table thead ul ol li dl dt dd figure figcaption p pre blockquote details summary a ' +
    'h1 h2 h3 h4 h5 h6 time address td th code center dialog fieldset small',
);

/** ARIA roles, and the vocabulary of microdata and microformats. */
const ROLES = words(
  'main article navigation banner contentinfo complementary search dialog button menu menuitem tab tabpanel list listitem listbox option status alert ' +
    'region feed tooltip group form heading presentation',
);

/** Words of `class` and `id`, grouped by what authors mean by them. */
const VOCABULARY: Record<string, string[]> = {
  navigation: words(
    'nav navs navbar navigation menu menus submenu megamenu menubar topnav subnav sidenav navgroup navmenu mega masthead burger navheader navfooter',
  ),
  breadcrumb: words('breadcrumb breadcrumbs crumb crumbs'),
  header: words('header head hdr topbar toolbar banner subheader siteheader'),
  footer: words('footer foot bottom colophon subfooter footnav'),
  legal: words('copyright legal disclaimer policy policies terms privacy'),
  sidebar: words('sidebar aside rail secondary side complementary tertiary'),
  social: words(
    'share sharing social socials facebook twitter instagram pinterest linkedin youtube whatsapp follow sharethis addtoany rss',
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
    'ad ads advert adverts advertisement sponsor sponsored promo promos promotion promotions dfp adsense partner',
  ),
  related: words(
    'related recommended recommendation recommendations similar more trending popular recent latest upsell also crosssell recs readmore',
  ),
  comment: words('comment comments disqus respond discussion commentlist'),
  reply: words('reply replies responses response answers'),
  author: words('author authors byline bio avatar profile writer contributor username vcard'),
  date: words('date time published updated timestamp datetime posted modified ago dateline'),
  meta: words('meta metadata info details stats'),
  tags: words('tag tags category categories topic topics taxonomy eyebrow kicker'),
  badge: words('label labels badge badges chip pill'),
  contents: words('toc tableofcontents outline jump'),
  pager: words('pagination pager pages prev previous next paging paginate'),
  field: words(
    'form input field fields fieldset submit checkbox select option options placeholder radio captcha',
  ),
  filter: words('filter filters facet facets sort refine sorting refinements'),
  button: words(
    'btn button buttons btns cta ctas toggle action actions controls control trigger close dismiss',
  ),
  unseen: words(
    'sr visually hidden invisible visuallyhidden offscreen skip hide accessibility print noprint noscript collapsed',
  ),
  review: words('review reviews rating ratings stars star reviewer ugc'),
  testimonial: words('testimonial testimonials quote quotes customer customers'),
  price: words('price prices pricing cost amount money msrp'),
  cart: words('cart basket checkout wishlist bag compare minicart buy atc'),
  card: words('card cards tile tiles teaser item items entry grid block promo'),
  product: words('product products sku pdp plp catalog collection'),
  list: words('list listing listings results result feed stream archive loop'),
  post: words('post posts message messages thread threads bbp conversation'),
  question: words('question answer qa faq faqs accordion'),
  content: words(
    'content article body prose markdown story richtext rte wysiwyg copy rich maincontent contents document',
  ),
  text: words('text paragraph html editor txt'),
  description: words(
    'description desc summary excerpt subtitle lead intro overview about dek deck standfirst',
  ),
  main: words('main primary core center page'),
  title: words('title heading headline name subheading'),
  caption: words('caption credit credits figcaption'),
  carousel: words('carousel slider swiper slick slide slides gallery thumbnails thumbs splide'),
  tab: words('tab tabs tabpanel panel panels pane tablist expandable'),
  code: words('code highlight snippet pre syntax example'),
  notice: words('alert notice announcement warning notification toast flash announcements marquee ticker'),
  locale: words('language languages lang locale country region currency selector switcher localization'),
  mobile: words('mobile desktop responsive'),
  feedback: words('feedback helpful survey vote votes likes like upvote reactions poll score views count'),
  store: words(
    'shipping returns warranty delivery stock availability quantity qty variant variants swatch swatches size sizes inventory pickup',
  ),
  specification: words(
    'spec specs specification specifications attributes features feature benefits ingredients',
  ),
  edit: words('edit print download clipboard permalink anchor headerlink bookmark save report flag'),
  signature: words('signature sig'),
  hero: words('hero jumbotron cover splash'),
  logo: words('logo logos brand brands icon icons sprite'),
  contact: words('contact phone location address support help chat'),
  app: words('app apps install store stores'),
  image: words('image images img photo picture media thumbnail figure video'),
  author_box: words('about team company'),
  widget: words('widget widgets module gadget plugin embed'),
};

/** Elements that hold the page or its content: their class names style the page and say nothing against what they hold. */
const NEUTRAL = new Set(['html', 'body', 'main', 'article']);

const TOKEN_MARKS = new Map<string, number[]>();
export const MARKS: string[] = [...TAGS.map((tag) => `<${tag}>`), ...ROLES.map((role) => `@${role}`)];
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
/** An id of more words names what the element holds, as the anchor of a section does, and not the part that it plays. */
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

/** Finds the marks that an element bears; remembers class names, which repeat. That a note is an aside, or the source of a quotation a footer, counts for nothing. */
export class MarkReader {
  readonly #known = new Map<string, number[]>();

  marksOf(element: Element): number[] {
    const { name, attribs } = element;
    const note = isNote(element) || isAttribution(element);
    const tag = note ? undefined : TAG_MARK.get(name);
    const role = note || attribs['role'] === undefined ? undefined : ROLE_MARK.get(attribs['role']);
    const named = NEUTRAL.has(name) ? NONE : this.#marksOfNames(namesOf(element, note));
    if (tag === undefined && role === undefined) return named;
    return [tag ?? role!, ...(tag !== undefined && role !== undefined ? [role] : NONE), ...named];
  }

  #marksOfNames(names: string): number[] {
    if (names.length < 2) return NONE;
    let known = this.#known.get(names);
    if (known === undefined) this.#known.set(names, (known = marksOfTokens(names)));
    return known;
  }
}
