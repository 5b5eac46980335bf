import type { Block } from '../signals/blocks.ts';

/** How lines begin that lead away from a text to others, in the languages of the corpora. */
const CUES = [
  'also read|read also|read (?:more|next|this)|must[- ]read|follow-up read|see also|more on|more from',
  'related|recommended|you (?:may|might) (?:also )?(?:like|enjoy|be interested)|don.t miss',
  'lesen sie (?:auch|hier|mehr)|lies auch|auch interessant|mehr zum thema|mehr dazu|schon gelesen|siehe auch',
  '(?:à )?lire (?:aussi|également)|à voir aussi|voir aussi|sur le même (?:sujet|thème)',
  '(?:lea|lee|leer|vea|ve|mira|mire)(?: (?:también|además|más))?|(?:te|le) puede interesar|más información',
  'leia (?:também|mais)|veja também|saiba mais|leggi anche|per approfondire|vedi anche',
  'lees (?:ook|meer|verder)|läs (?:också|även|mer)|les også|læs også|lue myös',
  'czytaj (?:też|także|więcej)|zobacz też|přečtěte si|čtěte také|olvassa el|citește și',
  'читайте (?:также|ещё|еще)|смотрите также|читайте також|διαβάστε (?:επίσης|ακόμη)',
  'baca juga|lihat juga|xem thêm|đọc thêm|ayrıca okuyun|اقرأ أيضا|यह भी पढ़ें',
];
/** The cue, after at most a bullet or a bracket, and its colon or the like. */
const CUE = new RegExp(`^[^\\p{L}]{0,4}(?:${CUES.join('|')})[^\\p{L}]*[:：|>»→]`, 'iu');
/** Words of what is linked: a shorter link is seldom the title of another text. */
const MIN_LINKED = 3;
const MAX_WORDS = 40;

/** Whether a block is a line within a text that only sends its reader to another text. */
export function isSuggestion({ text, words, linked }: Block): boolean {
  return words <= MAX_WORDS && linked >= MIN_LINKED && linked >= words / 2 && CUE.test(text);
}
