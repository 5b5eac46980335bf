import type { Request, Response } from 'express';

export interface CookieOptions {
  path: string;
  /** Seconds; 0 removes the cookie. */
  maxAge: number;
}

/** The value of one of the request's cookies, or null where it is missing or not one of our tokens. */
export function readCookie(req: Request, name: string): string | null {
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const [key, value = ''] = pair.trim().split('=', 2);
    if (key === name) return /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null;
  }
  return null;
}

/** Sets a cookie that no script reads and no other site sends; over TLS (also one that a proxy ends) it never travels in the clear. */
export function writeCookie(
  req: Request,
  res: Response,
  name: string,
  value: string,
  options: CookieOptions,
): void {
  const secure = req.secure || req.headers['x-forwarded-proto'] === 'https';
  res.append(
    'Set-Cookie',
    `${name}=${value}; Path=${options.path}; Max-Age=${options.maxAge}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`,
  );
}
