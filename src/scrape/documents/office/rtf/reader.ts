import type { ChildNode } from 'domhandler';
import { PageError } from '../../../types.ts';
import { storable } from '../../../storable.ts';
import { element } from '../../nodes.ts';
import { CHARACTERS, Charsets } from './charsets.ts';
import { Flow, type ParagraphKind } from './flow.ts';
import { applyLook, destinationOf, initialState, type State } from './state.ts';
import { Tokenizer } from './tokens.ts';

const MAX_DEPTH = 1000;
const MAX_LEVEL = 8;
/** What a document says about itself. */
export type About = Partial<Record<'title' | 'author' | 'subject' | 'keywords', string>>;
const MAX_ABOUT = 1000;

const plainParagraph = (): ParagraphKind => ({ heading: null, marker: null, level: 0, inTable: false });

/** Reads RTF token by token. Groups are kept on a stack of its own. */
export class RtfReader {
  readonly #tokens: Tokenizer;
  readonly #charsets = new Charsets();
  readonly #stack: State[] = [];
  #state = initialState();
  /** Whether nothing of the group has been read but `\*`, and whether that was there. */
  #begins = false;
  #isOptional = false;
  /** The flow of the body, and of the note that is open, with the depth of its group. */
  readonly #body = new Flow();
  #note: { flow: Flow; depth: number; outer: ParagraphKind } | null = null;
  readonly #notes: ChildNode[] = [];
  #paragraph = plainParagraph();
  #bytes = '';
  #toSkip = 0;
  #font = 0;
  readonly #headings = new Map<number, number>();
  #styleName = '';
  #instruction = '';
  #marker = '';
  readonly about: About = {};

  constructor(source: string) {
    this.#tokens = new Tokenizer(source);
  }

  read(): ChildNode[] {
    for (let token = this.#tokens.next(); token !== null; token = this.#tokens.next()) {
      if (token.type === 'open') this.#open();
      else if (token.type === 'close') this.#close();
      else if (token.type === 'bytes') this.#addBytes(token.bytes);
      else this.#control(token.name, token.value);
    }
    this.#flush();
    const nodes = this.#body.take();
    return this.#notes.length > 0 ? [...nodes, element('ol', {}, this.#notes)] : nodes;
  }

  get #flow(): Flow {
    return this.#note?.flow ?? this.#body;
  }

  #open(): void {
    this.#flush();
    if (this.#stack.length >= MAX_DEPTH) throw new PageError('too_large');
    this.#stack.push({ ...this.#state });
    this.#begins = true;
    this.#isOptional = false;
    this.#toSkip = 0;
  }

  #close(): void {
    this.#flush();
    const { destination, style } = this.#state;
    const before = this.#stack.pop();
    if (before === undefined) return;
    this.#state = before;
    this.#begins = false;
    this.#toSkip = 0;
    if (destination === 'styles') this.#endStyle(style);
    if (destination === 'instruction' && before.destination !== 'instruction') this.#endInstruction();
    if (destination === 'marker' && before.destination !== 'marker') {
      this.#paragraph.marker = this.#marker;
      this.#marker = '';
    }
    if (this.#note !== null && this.#stack.length < this.#note.depth) this.#endNote(this.#note);
  }

  #addBytes(bytes: string): void {
    this.#begins = false;
    const skipped = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= skipped;
    this.#bytes += bytes.slice(skipped);
  }

  /** Decodes the bytes that stand together: a character may have two of them. */
  #flush(): void {
    if (this.#bytes === '') return;
    const text = this.#charsets.decode(this.#bytes, this.#state.font);
    this.#bytes = '';
    this.#add(text);
  }

  #add(text: string): void {
    const { destination, look, isHidden, href } = this.#state;
    if (destination === 'text') {
      if (!isHidden) this.#flow.text(storable(text), [...look], href);
    } else if (destination === 'styles') this.#styleName += text;
    else if (destination === 'instruction') this.#instruction += text;
    else if (destination === 'marker') this.#marker += text;
    else if (destination !== 'fonts' && destination !== 'skipped')
      this.about[destination] = ((this.about[destination] ?? '') + text).slice(0, MAX_ABOUT);
  }

  #control(name: string, value: number | null): void {
    if (name === 'u') return this.#unicode(value ?? 0);
    if (this.#toSkip > 0 && name !== 'bin') {
      this.#toSkip--;
      return;
    }
    this.#flush();
    if (name === '*') {
      this.#isOptional = true;
      return;
    }
    if (name === 'bin') return this.#tokens.skip(value ?? 0);
    if (this.#begins) {
      this.#begins = false;
      const destination = destinationOf(name, this.#isOptional);
      if (destination !== null && this.#state.destination !== 'skipped')
        this.#state.destination = destination;
    }
    const { destination } = this.#state;
    if (destination === 'skipped') return;
    if (destination === 'fonts') return this.#fontControl(name, value);
    if (name === 's') this.#state.style = value;
    if (destination === 'text') this.#textControl(name, value);
    else if (Object.hasOwn(CHARACTERS, name)) this.#add(CHARACTERS[name]!);
  }

  /** A character in Unicode, and how many that stand for it are to be left out. */
  #unicode(value: number): void {
    this.#flush();
    this.#begins = false;
    this.#add(String.fromCharCode(value < 0 ? value + 0x10000 : value));
    this.#toSkip = this.#state.fallbackLength;
  }

  #fontControl(name: string, value: number | null): void {
    if (name === 'f') this.#font = value ?? 0;
    else if (name === 'fcharset') this.#charsets.setFont(this.#font, value ?? 0);
  }

  #textControl(name: string, value: number | null): void {
    if (applyLook(this.#state, name, value)) return;
    if (Object.hasOwn(CHARACTERS, name)) return this.#add(CHARACTERS[name]!);
    switch (name) {
      case 'ansicpg':
        return this.#charsets.setCodePage(value ?? 1252);
      case 'mac':
        return this.#charsets.setCodePage(10000);
      case 'pc':
        return this.#charsets.setCodePage(437);
      case 'pca':
        return this.#charsets.setCodePage(850);
      case 'uc':
        this.#state.fallbackLength = Math.max(0, value ?? 1);
        return;
      case 'f':
        this.#state.font = value;
        return;
      case 'v':
      case 'deleted':
        this.#state.isHidden = value !== 0;
        return;
      case 'line':
      case 'nestrow':
        return this.#flow.node(element('br', {}, []));
      case 'footnote':
        return this.#beginNote();
      default:
        return this.#paragraphControl(name, value);
    }
  }

  #paragraphControl(name: string, value: number | null): void {
    switch (name) {
      case 'pard':
        this.#paragraph = { ...plainParagraph(), marker: this.#paragraph.marker };
        this.#state.style = null;
        return;
      case 'intbl':
        this.#paragraph.inTable = true;
        return;
      case 'outlinelevel':
        this.#paragraph.heading = value !== null && value >= 0 && value < 6 ? value + 1 : null;
        return;
      case 'ilvl':
        this.#paragraph.level = Math.min(MAX_LEVEL, Math.max(0, value ?? 0));
        return;
      case 'cell':
        this.#paragraph.marker = null;
        return this.#flow.endCell();
      case 'row':
        return this.#flow.endRow();
      case 'par':
      case 'sect':
      case 'page':
      case '\n':
      case '\r':
        return this.#endParagraph();
    }
  }

  #endParagraph(): void {
    const heading = this.#paragraph.heading ?? this.#headings.get(this.#state.style ?? -1) ?? null;
    this.#flow.endParagraph({ ...this.#paragraph, heading });
    this.#paragraph.marker = null;
  }

  /** A style whose name is that of a heading. */
  #endStyle(style: number | null): void {
    const level = /^\s*heading (\d)/i.exec(this.#styleName)?.[1];
    this.#styleName = '';
    if (level !== undefined && style !== null) this.#headings.set(style, Math.min(6, Number(level)));
  }

  /** The address of a link holds in the group around its instruction. */
  #endInstruction(): void {
    const address = /^\s*HYPERLINK\s+"([^"]{1,4000})"/i.exec(this.#instruction)?.[1];
    this.#instruction = '';
    if (address !== undefined) this.#state.href = address;
  }

  #beginNote(): void {
    if (this.#note !== null) return;
    const label = this.#notes.length + 1;
    this.#body.node(element('sup', {}, [element('a', { href: `#fn${label}` }, [String(label)])]));
    this.#note = { flow: new Flow(), depth: this.#stack.length, outer: this.#paragraph };
    this.#paragraph = plainParagraph();
  }

  #endNote({ flow, outer }: { flow: Flow; outer: ParagraphKind }): void {
    this.#notes.push(element('li', { id: `fn${this.#notes.length + 1}` }, flow.take()));
    this.#note = null;
    this.#paragraph = outer;
  }
}
