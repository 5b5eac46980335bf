import { InvalidArgumentError } from 'commander';

/** A parser for an option or argument that is a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A parser for a name that people read: not empty, one line, at most 100 characters. */
export function label(text: string): string {
  const trimmed = text.trim();
  if (!/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(trimmed))
    throw new InvalidArgumentError('It must be one line of 1 to 100 characters.');
  return trimmed;
}
