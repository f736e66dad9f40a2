import { dateOf, exactly, monthInWords } from '../../time';
import { useAdministrationWords } from '../../words/administration/words';
import { useLanguage, useWords } from '../../words/words';
import { kronor } from '../kronor';
import { size } from '../size';
import { factsOf, type Line } from './facts';

/** The origin of a line: its rule, facts and price, and the calculation. */
export function FactsOf({ line }: { line: Line }) {
  const words = useWords();
  const more = useAdministrationWords();
  const { language } = useLanguage();
  const rules: Record<string, string> = more.ruleText;
  const { price, priceFrom, agreed, quantity, amount, corrects } = line;
  const shown = (amount: string) => kronor(amount, words.locale);
  const of = price
    ? priceFrom
      ? more.statements.priceFrom(shown(price), dateOf(priceFrom, language), agreed)
      : shown(price)
    : more.statements.noPrice;
  const reckoned = `${quantity.toLocaleString(words.locale)} × ${price ? shown(price) : '–'} = ${shown(amount)}`;
  return (
    <dl className="facts">
      {corrects && <Fact name={more.statements.corrects}>{monthInWords(corrects, language)}</Fact>}
      <Fact name={more.statements.rule}>{rules[line.rule] ?? line.rule}</Fact>
      <Fact name={more.statements.facts}>
        <Happened line={line} />
      </Fact>
      <Fact name={more.statements.price}>{of}</Fact>
      <Fact name={more.statements.reckoned}>{reckoned}</Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Happened({ line }: { line: Line }) {
  const words = useWords();
  const { fact } = useAdministrationWords();
  const { language } = useLanguage();
  const facts = factsOf(line);
  switch (facts.kind) {
    case 'activated':
      return fact.activated(exactly(new Date(facts.at), language));
    case 'active':
      return fact.active(facts.days, dateOf(facts.first, language), dateOf(facts.last, language));
    case 'stored': {
      const [mean, allowance] = [size(facts.mean, words.locale), size(facts.allowance, words.locale)];
      return fact.stored(facts.days, mean, facts.users, allowance);
    }
    case 'had':
      return fact.had(dateOf(facts.first, language));
    case 'told':
      return <bdi lang="en">{facts.text}</bdi>;
  }
}
