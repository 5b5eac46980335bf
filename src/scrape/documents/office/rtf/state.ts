/** What a group of RTF is read as. */
export type Destination =
  | 'text'
  | 'skipped'
  | 'fonts'
  | 'styles'
  | 'instruction'
  | 'marker'
  | 'title'
  | 'author'
  | 'subject'
  | 'keywords';

/** What holds within a group, and is as before after it. */
export interface State {
  destination: Destination;
  look: ReadonlySet<string>;
  isHidden: boolean;
  font: number | null;
  style: number | null;
  /** Characters that stand in place of one in Unicode for those who cannot read it. */
  fallbackLength: number;
  href: string | null;
}

export const initialState = (): State => ({
  destination: 'text',
  look: new Set(),
  isHidden: false,
  font: null,
  style: null,
  fallbackLength: 1,
  href: null,
});

/** Groups that are no text of the body, by the control that begins them. */
const SKIPPED = new Set(
  (
    'colortbl pict objdata header headerl headerr headerf footer footerl footerr footerf shprslt sp ' +
    'annotation atnid atnauthor atnref atndate xe tc rxe private listtable listoverridetable revtbl ' +
    'rsidtbl themedata colorschememapping latentstyles datastore generator xmlnstbl filetbl aftnsep ' +
    'aftnsepc aftncn ftnsep ftnsepc ftncn pgptbl template background nonshppict do operator manager ' +
    'company category doccomm comment hlinkbase userprops mmathPict bkmkstart bkmkend'
  ).split(' '),
);
const READ: Record<string, Destination> = {
  fonttbl: 'fonts',
  stylesheet: 'styles',
  fldinst: 'instruction',
  listtext: 'marker',
  pntext: 'marker',
  title: 'title',
  author: 'author',
  subject: 'subject',
  keywords: 'keywords',
};
/** Groups that are optional, and hold text all the same. */
const OPTIONAL = new Set(['shpinst', 'shptxt', 'fldinst', 'footnote']);

/**
 * What a group is read as, by the control that begins it; null where it goes on with what is
 * around it. `isOptional`: readers that do not know it are to leave it out.
 */
export function destinationOf(name: string, isOptional: boolean): Destination | null {
  if (Object.hasOwn(READ, name)) return READ[name]!;
  if (SKIPPED.has(name)) return 'skipped';
  return isOptional && !OPTIONAL.has(name) ? 'skipped' : null;
}

const LOOKS: Record<string, string> = {
  b: 'strong',
  i: 'em',
  strike: 's',
  striked: 's',
  super: 'sup',
  sub: 'sub',
};

/** Follows a control that says how text looks. Returns false for any other. */
export function applyLook(state: State, name: string, value: number | null): boolean {
  if (name === 'plain') state.look = new Set();
  else if (name === 'nosupersub')
    state.look = new Set([...state.look].filter((it) => it !== 'sup' && it !== 'sub'));
  else if (Object.hasOwn(LOOKS, name)) {
    const look = new Set(state.look);
    if (value === 0) look.delete(LOOKS[name]!);
    else look.add(LOOKS[name]!);
    state.look = look;
  } else return false;
  if (name === 'plain') state.isHidden = false;
  return true;
}
