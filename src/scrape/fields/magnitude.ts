const entries = (exponent: number, words: string): [string, number][] =>
  words.split(' ').map((word) => [word, exponent]);

/**
 * Words after a number, and the power of ten that they stand for in every language that has them.
 */
const WORDS: ReadonlyMap<string, number> = new Map([
  ...entries(
    3,
    'thousand tsd tausend mila duizend tusen tusind тыс тысяча тысячи тысяч тис тисяч tys tysięcy',
  ),
  ...entries(3, 'tisíc ribu rb nghìn ألف آلاف हज़ार हजार'),
  ...entries(5, 'lakh lakhs lac लाख'),
  ...entries(6, 'million millions mln mio millionen mill millón millones milhão milhões milione milioni'),
  ...entries(6, 'miljoen miljon miljoner milj miljoonaa millioner milion miliony milionů milionów milyon'),
  ...entries(6, 'миллион миллиона миллионов млн мільйон мільйонів juta jt triệu مليون ملايين millió'),
  ...entries(7, 'crore crores करोड़'),
  ...entries(9, 'bn mrd mld mlrd mds md mia mdr milliard milliards milliarde milliarden miliardo miliardi'),
  ...entries(
    9,
    'miljard miljarder miljardia milliarder miliard miliardy miliardów miliard milyar bilhão bilhões',
  ),
  ...entries(9, 'миллиард миллиарда миллиардов млрд мільярд мільярдів miliar tỷ مليار milliárd'),
  ...entries(12, 'billionen billones biljoen biljon biljoner'),
]);

/** Words that mean something else elsewhere. */
const BY_LANGUAGE: Record<string, ReadonlyMap<string, number>> = {
  en: new Map([...entries(9, 'billion billions'), ...entries(12, 'trillion trillions')]),
  es: new Map(entries(3, 'mil')),
  pt: new Map([...entries(3, 'mil'), ...entries(6, 'mi'), ...entries(9, 'bi')]),
  fr: new Map(entries(3, 'mille')),
  tr: new Map([...entries(3, 'bin b'), ...entries(6, 'mn')]),
  cs: new Map([...entries(3, 'tis'), ...entries(6, 'mil')]),
  sk: new Map([...entries(3, 'tis'), ...entries(6, 'mil')]),
};

/** Letters right after a number: `1.5k`, `2M`. Lower case m and b are metres and bits as well. */
const LETTERS: Record<string, number> = { k: 3, K: 3, M: 6, B: 9 };
/** Letters after an amount of money: `£5m`, `2 M€`. */
const MONEY_LETTERS: Record<string, number> = { ...LETTERS, m: 6, b: 9, T: 12 };

/** Signs after a number, where they are not a part of a unit such as 千克. */
const SIGN = /^\s?(?:(千)(?![克米瓦卡赫伏帕])|([천])|([万萬만])|([億亿억]))/u;
const SIGN_EXPONENTS = [3, 3, 4, 8];
const WORD = /^([ \u00a0\u202f]?)((?:\p{L}|\p{M}){1,20})(?!\p{N})/u;
const MONEY_BEFORE = /\p{Sc}\s?$/u;
const MONEY_AFTER = /^\s?\p{Sc}/u;
/** How much of a text after a number is looked at. */
const MAX_CHARS = 30;

export interface Magnitude {
  exponent: number;
  /** How many characters after the number say so. */
  length: number;
}

const NONE: Magnitude = { exponent: 0, length: 0 };

function letterExponent(letter: string, spaced: boolean, isMoney: boolean): number {
  if (isMoney) return MONEY_LETTERS[letter] ?? 0;
  return spaced ? 0 : (LETTERS[letter] ?? 0);
}

/**
 * What the text after a number multiplies it by, as a power of ten: `k`, `Mio`, `billion`, `万`.
 * Nothing where it may as well be a unit.
 */
export function magnitudeOf(before: string, after: string, language: string | null): Magnitude {
  const text = after.slice(0, MAX_CHARS);
  const sign = SIGN.exec(text);
  if (sign !== null) {
    const which = sign.slice(1).findIndex((part) => part !== undefined);
    return { exponent: SIGN_EXPONENTS[which]!, length: sign[0].length };
  }
  const [all, space, word] = WORD.exec(text) ?? [];
  if (all === undefined || space === undefined || word === undefined) return NONE;
  const own = BY_LANGUAGE[language?.split('-')[0]?.toLowerCase() ?? 'en'] ?? new Map<string, number>();
  const lower = word.toLowerCase();
  const isMoney = MONEY_BEFORE.test(before) || MONEY_AFTER.test(text.slice(all.length));
  const exponent = own.get(lower) ?? WORDS.get(lower) ?? letterExponent(word, space !== '', isMoney);
  return exponent === 0 ? NONE : { exponent, length: all.length };
}
