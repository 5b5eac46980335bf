import type { NextFunction, Request, RequestHandler, Response } from 'express';
import express from 'express';
import { timingSafeEqual } from 'node:crypto';
import { ServiceError } from '../../service-error.ts';
import { csrfToken } from './sessions.ts';

/** Pages load nothing from elsewhere, nothing inline, and stand in no frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The headers of every page of the console. */
export function pageHeaders(_req: Request, res: Response, next: NextFunction): void {
  res.set({ 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-store', 'X-Frame-Options': 'DENY' });
  next();
}

/** Reads forms, and refuses those that another site made the browser send. */
export function readForm(): RequestHandler {
  const parse = express.urlencoded({ extended: false, limit: '64kb', parameterLimit: 100 });
  return (req, res, next) => {
    const site = req.headers['sec-fetch-site'];
    if (req.method === 'POST' && site !== undefined && site !== 'same-origin' && site !== 'none')
      throw forged();
    parse(req, res, next);
  };
}

/** Refuses a form without the token that belongs to the cookie, and takes the token out of it. */
export function checkForm(req: Request, cookie: string): void {
  const form = (req.body ?? {}) as Record<string, unknown>;
  const expected = Buffer.from(csrfToken(cookie));
  const given = Buffer.from(typeof form.csrf === 'string' ? form.csrf : '');
  delete form.csrf;
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw forged();
}

function forged(): ServiceError {
  return new ServiceError(
    'bad_request',
    'This form does not belong to your session. Go back, reload the page and try again.',
  );
}
