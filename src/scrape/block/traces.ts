import { isText, type ChildNode, type Document, type Element } from 'domhandler';
import { isElement } from '../dom/index.ts';

/** A page that shows more text than this is no block page. */
export const MAX_BLOCK_CHARS = 5000;
/** What is read of one inline script: challenges name themselves early. */
const MAX_SCRIPT_CHARS = 10_000;
/** What is read of all of them, and of each list. */
const MAX_SCRIPTS_CHARS = 60_000;
const MAX_ENTRIES = 200;

/** What a document of little text is made of, as far as marks of block pages are in it. */
export interface Traces {
  /** Addresses as written. */
  script: string[];
  frame: string[];
  form: string[];
  stylesheet: string[];
  link: string[];
  /** The contents of refreshing `<meta>`s. */
  refresh: string[];
  inline_script: string[];
  id: string[];
  /** The text that is shown; for what is not HTML, all of it. */
  text: string;
  /** Captchas by the class of their element, and by the script that shows them. */
  captchas: (CaptchaVendor | 'geetest')[];
  /** Fields that a visitor fills in, a password apart. */
  fields: number;
  hasPassword: boolean;
}

/** Classes by which the scripts of captchas find where to put them. */
const CAPTCHAS = {
  'g-recaptcha': 'recaptcha',
  'h-captcha': 'hcaptcha',
  'cf-turnstile': 'turnstile',
  'frc-captcha': 'friendly_captcha',
  mtcaptcha: 'mtcaptcha',
  'smart-captcha': 'smartcaptcha',
  procaptcha: 'procaptcha',
} as const;
/** Calls by which scripts put a captcha into the page; those of reCAPTCHA may stay out of sight. */
const RENDERING: readonly [call: string, vendor: CaptchaVendor | 'geetest'][] = [
  ['turnstile.render(', 'turnstile'],
  ['hcaptcha.render(', 'hcaptcha'],
  ['initGeetest', 'geetest'],
];
export type CaptchaVendor = (typeof CAPTCHAS)[keyof typeof CAPTCHAS];

/** Types of `<input>` that nobody fills in. */
const UNFILLED = new Set(['hidden', 'submit', 'button', 'image', 'reset', 'checkbox', 'radio']);
const UNSHOWN = new Set(['script', 'style', 'template', 'title', 'noscript', 'svg']);

/** The traces of text that is no HTML. */
export function tracesOfText(text: string): Traces {
  return { ...noTraces(), text: text.slice(0, MAX_BLOCK_CHARS) };
}

/** Walks over a document once. Null where it shows too much text for a block page. */
export function tracesOf(document: Document): Traces | null {
  const traces = noTraces();
  const budget = { chars: MAX_SCRIPTS_CHARS };
  const stack: ChildNode[] = document.children.toReversed();
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (isText(node)) {
      // One by one: to replace all blanks of megabytes at once takes twenty times their memory.
      for (const [run] of node.data.matchAll(/\s+|\S+/g)) {
        traces.text += run.trim() || ' ';
        if (traces.text.length > MAX_BLOCK_CHARS) return null;
      }
      continue;
    }
    if (!isElement(node)) continue;
    note(node, traces, budget);
    if (UNSHOWN.has(node.name)) continue;
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
  return traces;
}

function noTraces(): Traces {
  const lists = { script: [], frame: [], form: [], stylesheet: [], link: [], refresh: [] };
  return { ...lists, inline_script: [], id: [], text: '', captchas: [], fields: 0, hasPassword: false };
}

function note(element: Element, traces: Traces, budget: { chars: number }): void {
  const { name, attribs } = element;
  add(traces.id, attribs['id']);
  if (name === 'script') noteScript(element, traces, budget);
  else if (name === 'iframe' || name === 'frame') add(traces.frame, attribs['src']);
  else if (name === 'form') add(traces.form, attribs['action']);
  else if (name === 'link') add(traces.stylesheet, attribs['href']);
  else if (name === 'a') add(traces.link, attribs['href']);
  else if (name === 'meta' && attribs['http-equiv']?.trim().toLowerCase() === 'refresh')
    add(traces.refresh, attribs['content']);
  else noteField(name, attribs['type'], traces);
  noteCaptcha(attribs, traces);
}

/** A captcha that stays out of sight asks the visitor for nothing. */
function noteCaptcha(attribs: Element['attribs'], traces: Traces): void {
  if (attribs['data-size'] === 'invisible') return;
  for (const name of (attribs['class'] ?? '').slice(0, 500).split(/\s/))
    if (Object.hasOwn(CAPTCHAS, name)) traces.captchas.push(CAPTCHAS[name as keyof typeof CAPTCHAS]);
}

/**
 * Captchas put their answer into a field of their own, whose name is not looked at: it is hidden.
 */
function noteField(name: string, type = 'text', traces: Traces): void {
  if (name === 'textarea' || name === 'select') traces.fields++;
  if (name !== 'input') return;
  const kind = type.trim().toLowerCase();
  if (kind === 'password') traces.hasPassword = true;
  else if (!UNFILLED.has(kind)) traces.fields++;
}

/** Data in scripts is left out: it may hold anything. */
function noteScript({ attribs, children }: Element, traces: Traces, budget: { chars: number }): void {
  add(traces.script, attribs['src']);
  const type = attribs['type'] ?? '';
  const runs = type === '' || type === 'module' || type.toLowerCase().includes('javascript');
  if (!runs || budget.chars <= 0) return;
  for (const child of children) {
    if (!isText(child)) continue;
    const code = child.data.slice(0, MAX_SCRIPT_CHARS);
    budget.chars -= code.length;
    traces.inline_script.push(code);
    for (const [call, vendor] of RENDERING)
      if (code.includes(call) && !code.includes('invisible')) traces.captchas.push(vendor);
  }
}

function add(list: string[], value: string | undefined): void {
  if (value !== undefined && value !== '' && list.length < MAX_ENTRIES) list.push(value.slice(0, 2000));
}
