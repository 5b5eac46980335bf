import { PROBLEMS, toServiceError } from '../../http/problem.ts';
import { html, type Html } from '../../http/html/html.ts';

/** What is wrong with a form. */
export interface FormProblems {
  /** The status of the answer. */
  status: number;
  /** Sentences by the name of the field. */
  fields: Record<string, string[]>;
  /** Sentences that no field has. */
  others: string[];
}

export const NO_PROBLEMS: FormProblems = { status: 200, fields: {}, others: [] };

/** Where a form has what the paths of an error name. */
export interface FormFields {
  names: readonly string[];
  /** The field of a path, where it is called something else. */
  fieldOf?: (name: string) => string;
  /** How a sentence begins that is about one entry of a list. */
  placeOf?: (name: string, index: number) => string;
}

/**
 * The problems that an error names, by the fields of a form. Throws what is no fault of the form.
 */
export function problemsOf(
  thrown: unknown,
  { names, fieldOf = (name) => name, placeOf = () => '' }: FormFields,
): FormProblems {
  const error = toServiceError(thrown);
  const [status] = PROBLEMS[error.code];
  if (status >= 500) throw thrown;
  const found: FormProblems = { status, fields: {}, others: [] };
  for (const { path, message } of error.errors ?? []) {
    const [, name = '', index, , inner] = /^(?:job\.)?(\w+)(?:\[(\d+)\])?(\.(.+))?/.exec(path) ?? [];
    const place = index === undefined ? inner && `In ${inner}:` : placeOf(name, Number(index));
    const field = fieldOf(name);
    if (names.includes(field)) (found.fields[field] ??= []).push(sentence(`${place ?? ''} ${message}`));
    else found.others.push(sentence(`${path} ${message}`));
  }
  if (!error.errors?.length) found.others.push(sentence(error.message));
  return found;
}

/** What no field of a form has, above it. */
export function otherProblems({ others }: FormProblems): Html | null {
  return others.length === 0 ? null : html`<p class="problem" role="alert">${others.join(' ')}</p>`;
}

/** Messages end sentences: they begin in lower case and have no full stop. */
function sentence(text: string): string {
  const trimmed = text.trim();
  return `${trimmed.slice(0, 1).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
}
