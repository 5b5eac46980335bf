/**
 * What the operator has to change before the program can run. The message is complete: it names
 * the variable, the file or the database, and says what to do. It is printed without a stack.
 */
export class OperatorError extends Error {
  override name = 'OperatorError';
}
