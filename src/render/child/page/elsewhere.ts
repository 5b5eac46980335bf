import type { BrowserContext, Page, Request } from 'playwright-core';

/**
 * Checks what a page loads in a browser that makes its own connections, where `Navigation` does not
 * see it: in frames of other sites and in other windows, which have DevTools sessions of their own.
 * There are no workers that windows share, which no session shows. Redirects in those frames,
 * frames with `sandbox`, and pages that are loaded ahead of a visit get past it.
 */
export async function checkElsewhere(
  { context, page }: { context: BrowserContext; page: Page },
  check: (url: string) => Promise<void>,
): Promise<void> {
  await context.addInitScript('delete globalThis.SharedWorker');
  await context.route('**/*', async (route) => {
    const request = route.request();
    const isPermitted =
      isVisit(request, page) ||
      (await check(request.url()).then(
        () => true,
        () => false,
      ));
    // The context may have been closed meanwhile.
    await (isPermitted ? route.fallback() : route.abort()).catch(() => {});
  });
}

/** Whether a request is for the document of the page itself, which `Navigation` decides on. */
function isVisit(request: Request, page: Page): boolean {
  if (!request.isNavigationRequest()) return false;
  try {
    return request.frame() === page.mainFrame();
  } catch {
    return false; // a window that is about to open
  }
}
