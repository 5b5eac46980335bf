import { parseCookie } from 'cookie';
import type { Request, Response } from 'express';

interface Cookie {
  name: string;
  value: string;
  path: string;
  /** Seconds; 0 removes the cookie. */
  maxAge: number;
}

/** The token in one of the request's cookies, or null where there is none of our form. */
export function readCookie(req: Request, name: string): string | null {
  const value = parseCookie(req.headers.cookie ?? '')[name];
  return value !== undefined && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null;
}

/**
 * Sets a cookie that no script reads and no other site sends. Over TLS, also where a proxy ends it,
 * it never travels in the clear.
 */
export function writeCookie(res: Response, { name, value, path, maxAge }: Cookie): void {
  const { req } = res;
  const secure = req.secure || req.headers['x-forwarded-proto'] === 'https';
  res.cookie(name, value, { path, maxAge: maxAge * 1000, httpOnly: true, sameSite: 'strict', secure });
}
