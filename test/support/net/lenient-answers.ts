export const OK = 'HTTP/1.1 200 OK\r\n';
export const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n`;

/** Answers that curl and browsers read, though they break RFC 9112; the body of each is `hello`. */
export const LENIENT: Record<string, string> = {
  'the same Content-Length twice': `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  'the same Content-Length in a list': `${OK}Content-Length: 5, 5\r\n\r\nhello`,
  'Content-Length beside chunks': `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'chunked twice': `${CHUNKED}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
  'line feeds alone': 'HTTP/1.1 200 OK\nContent-Length: 5\nX: a\n\nhello',
  'line feeds alone in chunks': `${CHUNKED}\r\n2\nhe\n3\nllo\n0\n\n`,
  'one line feed alone': `${OK}X: a\nContent-Length: 5\r\n\r\nhello`,
  'a folded field': `${OK}X-Long: one\r\n  two\r\n\tthree\r\nContent-Length: 5\r\n\r\nhello`,
  'control characters': `${OK}X: a\x01b\x0bc\x7f\r\nContent-Length: 5\r\n\r\nhello`,
  'a NUL': `${OK}X: a\0b\r\nContent-Length: 5\r\n\r\nhello`,
  'a blank before the colon': `${OK}Content-Length : 5\r\n\r\nhello`,
  'a line that is no field': `${OK}this is a warning\r\nContent-Length: 5\r\n\r\nhello`,
  'a field without name': `${OK}: nothing\r\nContent-Length: 5\r\n\r\nhello`,
  'a name with blanks': `${OK}My Header: x\r\nContent-Length: 5\r\n\r\nhello`,
  'a blank line before the status line': `\r\n${OK}Content-Length: 5\r\n\r\nhello`,
  'a lower-case version': 'http/1.1 200 ok\r\nContent-Length: 5\r\n\r\nhello',
  'a version of 2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello',
};
