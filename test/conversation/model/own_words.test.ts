// What a model may say by itself, and what not.
import t from 'tap';
import { maySay } from '../../../src/conversation/model/own_words.ts';

const good = [
  'Hello! What shall I remind you of?',
  'Which reminder do you mean?',
  'At what time?',
  'May I ask what it is about?',
  'You are welcome.',
  'I cannot do that: there is no tool for it.',
  'О чём вам напомнить?',
  'Пожалуйста!',
  'Какое напоминание вы имеете в виду?',
  'Я часто слышу этот вопрос.',
];

const bad = {
  'a time': [
    'At 9.',
    'See you at 21:30?',
    'Is ٣ right?',
    'At nine?',
    'At noon.',
    'In an hour?',
    'в девять?',
    'через час?',
  ],
  'a day': [
    'Tomorrow then?',
    'On Monday.',
    'next week?',
    'In May?',
    'Завтра?',
    'В субботу?',
    'Каждый день?',
    'morgen?',
    'le lundi ?',
    'mañana?',
  ],
  'a claim': [
    'Done!',
    "I'll remind you.",
    'Your reminder was created. Anything else?',
    'All set.',
    'Готово.',
    'Напоминание создано!',
    'Я напомню вам.',
  ],
  'a link': ['See https://evil.test/x', 'Look at evil.test please', 'www.evil.test'],
  'nothing, or too much': ['', ' \n', 'word '.repeat(200)],
};

t.test('good', async (test) => {
  for (const text of good) test.ok(maySay(text), text);
});

for (const [name, texts] of Object.entries(bad))
  t.test(name, async (test) => {
    for (const text of texts) test.notOk(maySay(text), text);
  });
