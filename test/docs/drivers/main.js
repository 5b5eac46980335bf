// Each line of the input is a case, each line of the output what the verifier says of it.
import { createInterface } from 'node:readline';
import { verify } from '../../../src/docs/verifiers/verify.js';

for await (const line of createInterface({ input: process.stdin })) {
  const { secret, header, body } = JSON.parse(line);
  console.log(verify(secret, header, Buffer.from(body, 'base64')));
}
