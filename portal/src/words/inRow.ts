/** "Lyssna, ladda ner, märka": joins texts that each begin a sentence. */
export function inRow(texts: string[]): string {
  return texts.map((text, index) => (index ? text.charAt(0).toLocaleLowerCase() + text.slice(1) : text)).join(', ');
}
