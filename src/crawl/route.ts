/**
 * The fragment of a URL in which an application names one of its pages, like `#/about` or
 * `#!/about`. Empty where it is none: a place in the page, or the application's first page (`#/`).
 */
export function routeOf(fragment: string): string {
  return /^#[!/]/.test(fragment) && fragment.replace(/^#!?\/?/, '') !== '' ? fragment : '';
}
