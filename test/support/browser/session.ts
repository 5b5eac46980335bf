export interface Page {
  status: number;
  headers: Headers;
  text: string;
}

/** A client that keeps cookies and runs no scripts. It does not follow redirects. */
export interface BrowserSession {
  cookies: Map<string, string>;
  get(path: string): Promise<Page>;
  /**
   * Sends a form, as files where it is FormData, with the token of the page `from`, by default
   * `path`.
   */
  post(
    path: string,
    form: Record<string, string> | FormData,
    options?: { from?: string; csrf?: string | null; headers?: Record<string, string> },
  ): Promise<Page>;
  /** Reads the CSRF token from a page's forms. */
  csrf(path: string): Promise<string>;
  signIn(area: string, secret: string, headers?: Record<string, string>): Promise<Page>;
}

export function createBrowserSession(origin: string): BrowserSession {
  const cookies = new Map<string, string>();

  async function send(path: string, init: RequestInit = {}): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers(init.headers);
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(origin + path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = '', rest = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? [];
      if (/Max-Age=0(;|$)/.test(rest)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  const session: BrowserSession = {
    cookies,
    get: (path) => send(path),
    async csrf(path) {
      return /name="csrf" value="([^"]+)"/.exec((await send(path)).text)?.[1] ?? '';
    },
    async post(path, form, { from = path, csrf, headers = {} } = {}) {
      const token = csrf === undefined ? await session.csrf(from) : csrf;
      const body = form instanceof FormData ? form : new URLSearchParams(form);
      if (token !== null) body.set('csrf', token);
      return await send(path, { method: 'POST', body, headers });
    },
    async signIn(area, secret, headers = {}) {
      return await session.post(`${area}/sign-in`, { secret }, { headers });
    },
  };
  return session;
}
