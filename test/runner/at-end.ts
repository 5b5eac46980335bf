/** What is disposed when the last file of a group has ended. */
export const atEnd = new AsyncDisposableStack();
