/**
 * The words that make up class names and ids: `siteHeader nav-bar_top` is site, header, nav, bar,
 * top.
 */
export function tokensOf(names: string): string[] {
  return (
    names
      .slice(0, 500)
      .match(/[A-Z]+[a-z]*|[a-z]+/g)
      ?.map((token) => token.toLowerCase()) ?? []
  );
}
