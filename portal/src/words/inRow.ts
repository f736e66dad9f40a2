/** "Lyssna, ladda ner, märka": texts that each begin a sentence, as one. */
export function inRow(texts: string[]): string {
  return texts.map((text, index) => (index ? text.charAt(0).toLocaleLowerCase() + text.slice(1) : text)).join(', ');
}
