/**
 * How labels are misspelt, as letters and digits alone, and the label of the Encoding Standard that
 * is meant.
 */
const SPELLINGS: readonly [spelling: RegExp, label: string][] = [
  [/^(?:cs)?utf8.{0,6}$/, 'utf-8'],
  [/^(?:iso)?(?:latin9|latin0|8859l9)$/, 'iso-8859-15'],
  [/^(?:iso)?latin(\d)$/, 'latin$1'],
  [/^(?:iso|cp)?8859(\d{1,2})$/, 'iso-8859-$1'],
  [/^(?:x|ms)?(?:win|windows|cp|ansi)?(125[0-8]|874)$/, 'windows-$1'],
  [/^(?:x|cs)?(?:shift|s)jis$|^(?:x|ms|cp|windows|ibm)?932$/, 'shift_jis'],
  [/^(?:x|cs)?euc(jp|kr)$/, 'euc-$1'],
  [/^(?:x|ms|cp|windows|ibm)?949$/, 'euc-kr'],
  [/^(?:x|ms|cp|windows|ibm)?936$/, 'gbk'],
  [/^(?:x|ms|cp|windows|ibm)?950$/, 'big5'],
  [/^koi8(r|u)$/, 'koi8-$1'],
  [/^(?:cp|ibm|dos)866$/, 'ibm866'],
  [/^(?:x)?mac(?:roman|intosh)?$/, 'macintosh'],
];
const MAX_LABEL = 40;

/**
 * The label that a misspelt one stands for: `ISO 8859–15`, `latin-9`, `win1252`, `utf8mb4`. Null
 * where none is like it.
 */
export function likelyLabel(label: string): string | null {
  const bare = bareLabel(label);
  for (const [spelling, meant] of SPELLINGS) if (spelling.test(bare)) return bare.replace(spelling, meant);
  return null;
}

/** A label as letters and digits alone. */
export function bareLabel(label: string): string {
  return label
    .slice(0, MAX_LABEL)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
}
