/** What text in one encoding and language looks like once it is decoded rightly. */
interface Hypothesis {
  encoding: string;
  /**
   * How much each character speaks for the language, from 0 to 1. A letter that is missing speaks
   * against it.
   */
  weights: Map<string, number>;
  /** Whether a letter of the script may touch an ASCII letter within a word. */
  mixes: boolean;
}

const SAMPLE_BYTES = 8192;
/** Below this mean score nothing is plausible. */
const THRESHOLD = 0.1;
const PUNCTUATION_WEIGHT = 0.7;

// Alphabets of their own, the most frequent letters first.
const CYRILLIC = 'оаеинтрсвлкдмпуіязьгйбчыхжшїюєцщјфљњћђџэъґў';
const GREEK = 'αοιετσνηυρπκμλωςάίόέγδήχθύφβώξζψϊΐϋΰ';
const HEBREW = 'יולהארתבמשםנדקחעפכטןסגצזךץף';
const ARABIC = 'اليمنرتوبدةعهسفحكقأجشطىصخإذءضزغثئظؤآپچگیک';
const THAI = 'านรอกเ่งมยล้วดทตสิีัปะคบแขไใหช็พ์ูุผำืึโซถศจธณภญฟ';

const KANA =
  'あいうえおかがきぎくけげこごさざしじすずせそただちっつてでとどなにねのはばひびふぶへべほぼまみむめもゃやゅゆょよらりるれろわをんアイウエオカガキギクグケゲコゴサザシジスズセゼソゾタダチッツテデトドナニネノハバパヒビピフブプヘベペホボポマミムメモャヤュユョヨラリルレロワンヴー';
const KANJI =
  '日本人大年会国中事者社上出生行見学分時部長場合目的間前後方地新公開品情報用作使内定無料名文字入力書検索一覧表示設定説明';
const SIMPLIFIED =
  '的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运网页首联系闻图片版搜索服务选项命令显示输出文件默认';
const TRADITIONAL =
  '的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運網頁首聯繫聞圖片版搜尋服務選項令顯示輸出檔案預設臺灣';
const HANGUL =
  '이다는에의가을를고하지로한기은사도서자리어나대인시그해일아정보과제수있부전라으게스들만것여와주상면원장동공니용까마러우화했적세드조요오구국성소모비신않었안트년중할된되미경연유방입출력파명령문때같습없단내당선거무계로치프그램행설';

const LETTER = /[\p{L}\p{M}]/u;
const PUNCTUATION = new Set(
  '“”‘’‚„–—…«»©®™°•·€£§№¿¡ªº½¼¾×÷±²³·¶†‡‹›¤¥¦¨¬´µ¸‰\u00ad\u00a0\u3000、。，．：；！？「」『』（）《》【】〈〉・～',
);

/** A language in the Latin script: its letters beyond ASCII, in either case. */
function latin(encoding: string, letters: string): Hypothesis {
  return {
    encoding,
    weights: new Map(Array.from(letters + letters.toUpperCase(), (c) => [c, 1])),
    mixes: true,
  };
}

/**
 * An alphabet of its own: the more frequent a letter, the more it says. Capitals are possible and
 * say little.
 */
function alphabet(encoding: string, letters: string): Hypothesis {
  const weights = new Map(Array.from(letters.toUpperCase(), (c) => [c, 0.2]));
  Array.from(letters).forEach((c, rank, { length }) => weights.set(c, 1 - (0.9 * rank) / length));
  return { encoding, weights, mixes: false };
}

/**
 * A double-byte script: the characters that make up most of any text, and those of the standard's
 * block of everyday ones.
 */
function doubleByte(
  encoding: string,
  common: string,
  everyday: [lead: number, lastLead: number],
): Hypothesis {
  const bytes: number[] = [];
  for (let lead = everyday[0]; lead <= everyday[1]; lead++)
    for (let trail = 0x40; trail < 0xff; trail++) if (trail !== 0x7f) bytes.push(lead, trail);
  const weights = new Map<string, number>();
  for (const c of new TextDecoder(encoding).decode(new Uint8Array(bytes)))
    if (c > '\u2e7f' && c < '\ue000') weights.set(c, 0.3);
  for (const c of common) weights.set(c, 1);
  return { encoding, weights, mixes: true };
}

/**
 * An encoding of old Macs, in which quotation marks, dashes and signs of windows-1252 are letters:
 * these say nothing.
 */
function ofMacintosh({ encoding, weights, mixes }: Hypothesis): Hypothesis {
  const bytes = new Uint8Array(256).map((_, byte) => byte);
  const letters = new TextDecoder(encoding).decode(bytes);
  for (const [i, char] of Array.from(new TextDecoder('windows-1252').decode(bytes)).entries())
    if (!LETTER.test(char) && char > '\x9f') weights.set(letters[i]!, 0);
  return { encoding, weights, mixes };
}

/** French, German, Spanish, Portuguese, Italian and Catalan, the languages of the North. */
const WESTERN = ['éèàùâêîôûçëïœæ', 'äöüßéà', 'áéíóúñü', 'áéíóúãõâêôçà', 'àèéìòùíïóúç', 'åäöæøéü'];

/** In the order of preference among equals. */
const hypotheses = (): Hypothesis[] => [
  ...WESTERN.map((letters) => latin('windows-1252', letters)),
  latin('windows-1254', 'ğüşıöçİâî'),
  latin('windows-1252', 'áéíóúýðþæö'),
  latin('windows-1250', 'ěščřžýáíéůúťďňó'),
  latin('windows-1250', 'áäčďéíĺľňóôŕšťúýž'),
  latin('windows-1250', 'ąćęłńóśźż'),
  latin('windows-1250', 'áéíóöőúüű'),
  latin('windows-1250', 'ăâîşţ'),
  latin('windows-1250', 'čšžćđ'),
  latin('iso-8859-2', 'ěščřžýáíéůúťďňó'),
  latin('iso-8859-2', 'áäčďéíĺľňóôŕšťúýž'),
  latin('iso-8859-2', 'ąćęłńóśźż'),
  latin('iso-8859-2', 'čšžćđ'),
  latin('windows-1257', 'āčēģīķļņšūž'),
  latin('windows-1257', 'ąčęėįšųūž'),
  latin('windows-1258', 'ăâđêôơưàáèéìíòóùúý\u0300\u0301\u0303\u0309\u0323'),
  alphabet('windows-1251', CYRILLIC),
  alphabet('koi8-u', CYRILLIC),
  alphabet('iso-8859-5', CYRILLIC),
  alphabet('ibm866', CYRILLIC),
  ofMacintosh(alphabet('x-mac-cyrillic', CYRILLIC)),
  ...WESTERN.map((letters) => ofMacintosh(latin('macintosh', letters))),
  alphabet('windows-1253', GREEK),
  alphabet('windows-1255', HEBREW),
  alphabet('windows-1256', ARABIC),
  alphabet('iso-8859-6', ARABIC),
  alphabet('windows-874', THAI),
  doubleByte('gb18030', SIMPLIFIED, [0xb0, 0xd7]),
  doubleByte('big5', TRADITIONAL, [0xa4, 0xc6]),
  doubleByte('euc-kr', HANGUL, [0xb0, 0xc8]),
  doubleByte('shift_jis', KANA + KANJI, [0x88, 0x97]),
  doubleByte('euc-jp', KANA + KANJI, [0xb0, 0xcf]),
];

/**
 * The words that hold a byte beyond ASCII, joined by spaces. No encoding that is guessed at has a
 * trail byte below 0x30.
 */
function sampleOf(body: Uint8Array): Uint8Array {
  const sample = new Uint8Array(SAMPLE_BYTES + 1);
  let length = 0;
  for (let start = 0, i = 0, foreign = false; i <= body.length && length < SAMPLE_BYTES; i++) {
    const byte = body[i] ?? 0;
    if (byte >= 0x80) foreign = true;
    if (byte >= 0x30 && byte !== 0x3c && byte !== 0x3e) continue;
    if (foreign) {
      const word = body.subarray(start, Math.min(i, start + SAMPLE_BYTES - length));
      sample.set(word, length);
      length += word.length;
      sample[length++] = 0x20;
    }
    start = i + 1;
    foreign = false;
  }
  return sample.subarray(0, length);
}

/** Signs that stand between letters: an apostrophe, a dash, and what parts syllables. */
const WITHIN_WORDS = new Set('’—·\u00ad');

/**
 * Mean plausibility of the characters beyond ASCII: at most 1, negative where the text makes no
 * sense. A letter that touches no other one, or its like, says nothing: in English a sign, or
 * blanks in a row, may be taken for it.
 */
function score(text: string, { weights, mixes }: Hypothesis): number {
  let total = 0;
  let count = 0;
  let before = ' ';
  let beforeThat = ' ';
  let isAlone = true;
  let pending = 0;
  for (const char of text) {
    const foreign = char > '\x7f';
    const letter = LETTER.test(char);
    const touches = letter && LETTER.test(before);
    if (!isAlone || touches) total += pending;
    pending = 0;
    if (foreign) {
      count++;
      const weight = weights.get(char) ?? (PUNCTUATION.has(char) ? PUNCTUATION_WEIGHT : letter ? -1 : -2);
      if (letter && weight > 0) pending = char === before ? 0 : weight;
      else total += weight;
    }
    isAlone = !touches;
    if (touches) {
      if (!mixes && before > '\x7f' !== foreign) total -= 1;
      if (/\p{Ll}/u.test(before) && /\p{Lu}/u.test(char)) total -= 1;
    }
    if (letter && PUNCTUATION.has(before) && !WITHIN_WORDS.has(before) && LETTER.test(beforeThat)) total -= 1;
    beforeThat = before;
    before = char;
  }
  if (!isAlone) total += pending;
  return count === 0 ? 0 : total / count;
}

let known: Hypothesis[] | undefined;

/**
 * The likeliest of the legacy encodings by the frequency of letters; windows-1252 where nothing is
 * plausible. Reads at most 8 KiB of words.
 */
export function guessCharset(body: Uint8Array): string {
  const sample = sampleOf(body);
  let best = { encoding: 'windows-1252', score: THRESHOLD };
  for (const candidate of (known ??= hypotheses())) {
    const value = score(new TextDecoder(candidate.encoding).decode(sample), candidate);
    if (value > best.score) best = { encoding: candidate.encoding, score: value };
  }
  return best.encoding;
}
