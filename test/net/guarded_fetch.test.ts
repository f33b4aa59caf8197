// Requests to addresses that somebody else chose.
import dns from 'node:dns';
import t, { type Test } from 'tap';
import { BlockedAddressError } from '../../src/errors.ts';
import { allowedHosts, GuardedFetch, isPublicAddress } from '../../src/net/guarded_fetch.ts';
import { startHttp } from '../support/http.ts';

function guarded(test: Test, allow = ''): GuardedFetch {
  const fetch = new GuardedFetch(allowedHosts(allow));
  test.teardown(() => fetch.close());
  return fetch;
}

t.test('which addresses are public', async (test) => {
  for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '::ffff:8.8.8.8']) {
    test.ok(isPublicAddress(address), address);
  }
  const others = [
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001:db8::1',
    '::7f00:1',
    '::a00:1',
    '::127.0.0.1',
    '168.63.129.16',
    '::ffff:168.63.129.16',
  ];
  for (const address of others) test.notOk(isPublicAddress(address), address);
});

t.test('literal private addresses, however they are written', async (test) => {
  const { port, requests } = await startHttp(test, (_request, response) => response.end('secret'));
  const fetch = guarded(test);
  const hosts = [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '0.0.0.0',
    '169.254.169.254',
    '10.0.0.1',
    '[fd00::1]',
  ];
  for (const host of hosts) {
    await test.rejects(fetch.fetch(`http://${host}:${port}/`), BlockedAddressError, host);
  }
  test.equal(requests.length, 0, 'nothing got through');
});

t.test('names that resolve to private addresses', async (test) => {
  const { port, requests } = await startHttp(test, (_request, response) => response.end('secret'));
  await test.rejects(guarded(test).fetch(`http://localhost:${port}/`), {
    code: 'CH040',
    message: /localhost is at .* not a public address/,
  });
  // A name with a public address beside a private one, and one that is public at first: what counts is the look-up of the connection.
  const original = dns.lookup;
  test.teardown(() => {
    dns.lookup = original;
  });
  let answers: string[][] = [];
  dns.lookup = ((
    _name: string,
    _options: unknown,
    callback: (error: null, found: dns.LookupAddress[]) => void,
  ) => {
    callback(
      null,
      (answers.shift() ?? []).map((address) => ({ address, family: 4 })),
    );
  }) as typeof dns.lookup;
  answers = [['93.184.216.34', '127.0.0.1']];
  await test.rejects(guarded(test).fetch(`http://mixed.test:${port}/`), BlockedAddressError);
  answers = [['127.0.0.1']];
  await test.rejects(guarded(test).fetch(`http://rebinding.test:${port}/`), BlockedAddressError);
  test.equal(requests.length, 0);
});

t.test('hosts that the operator allows', async (test) => {
  const { url, port, requests } = await startHttp(test, ({ url: path }, response) => {
    if (path === '/away') response.writeHead(302, { location: 'http://10.0.0.1/' });
    response.end('hello');
  });
  const fetch = guarded(test, ' LOCALHOST , 127.0.0.1');
  test.equal(Buffer.from((await fetch.fetch(url)).body).toString(), 'hello');
  test.equal((await fetch.fetch(`http://localhost:${port}/`)).status, 200);
  await test.rejects(
    fetch.fetch(`${url}/away`),
    { code: 'CH040', message: /10\.0\.0\.1/ },
    'a redirect is checked like the first address',
  );
  await test.rejects(fetch.fetch('http://[::1]:1/'), BlockedAddressError, 'and nothing else is allowed');
  test.equal(requests.length, 3);
  await test.rejects(
    guarded(test, '*').fetch('http://127.0.0.1:1/'),
    /ECONNREFUSED|bad port/,
    '* allows all',
  );
});

t.test('redirects', async (test) => {
  const other = await startHttp(test, (_request, response) => response.end('other'));
  const { url, requests } = await startHttp(test, ({ url: path }, response) => {
    const [, code, target] = /^\/(\d{3})(.*)$/.exec(path) ?? [];
    if (code === undefined) return void response.end('arrived');
    response.writeHead(Number(code), { location: target === '/other' ? other.url : target || '/' });
    return void response.end();
  });
  const fetch = guarded(test, '*');
  const secrets = { authorization: 'Bearer secret', cookie: 'a=b', 'x-kept': 'yes' };
  const post = { method: 'POST', body: 'data', headers: secrets };
  await fetch.fetch(`${url}/302/end`, post);
  test.match(
    requests.at(-1),
    { method: 'GET', body: '', url: '/end', headers: secrets },
    '302 makes a POST a GET',
  );
  await fetch.fetch(`${url}/307/end`, post);
  test.match(requests.at(-1), { method: 'POST', body: 'data' }, '307 keeps it');
  await fetch.fetch(`${url}/302/other`, post);
  const seen = other.requests.at(-1)?.headers ?? {};
  test.strictSame(
    [seen.authorization, seen.cookie, seen['x-kept']],
    [undefined, undefined, 'yes'],
    'secrets stay with their host',
  );
  await test.rejects(fetch.fetch(`${url}/302/302/302/end`, { maxRedirects: 2 }), {
    code: 'CH007',
    message: /More than 2 redirects/,
  });
  test.equal(
    (await fetch.fetch(`${url}/302/end`, { maxRedirects: 0 })).status,
    302,
    'none are followed where none are wanted',
  );
  await test.rejects(fetch.fetch(`${url}/302ftp://example.com/`), {
    code: 'CH007',
    message: /^Redirect 1, by http:.*\/302ftp:.*: ftp: is not supported/,
  });
  await test.rejects(fetch.fetch(`${url}/302/302http://[broken/`), {
    code: 'CH007',
    message: /^Redirect 2, by http:.*\/302http:.*: "http:\/\/\[broken\/" is not a URL/,
  });
});

t.test('large, slow and broken responses', async (test) => {
  const { url } = await startHttp(test, ({ url: path }, response) => {
    if (path === '/large') response.end(Buffer.alloc(100_000, 'x'));
    else if (path === '/cut') {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setImmediate(() => response.destroy());
    }
    // anything else is never answered
  });
  const fetch = guarded(test, '*');
  const { body, truncated } = await fetch.fetch(`${url}/large`, { maxBytes: 1000 });
  test.strictSame([body.length, truncated], [1000, true]);
  await test.rejects(fetch.fetch(`${url}/cut`));
  await test.rejects(fetch.fetch(`${url}/never`, { timeoutMs: 50 }), /timeout|aborted/i);
  const controller = new AbortController();
  const pending = fetch.fetch(`${url}/never`, { signal: controller.signal });
  controller.abort(new Error('shutting down'));
  await test.rejects(pending, /shutting down/);
});

t.test('what is no address', async (test) => {
  const fetch = guarded(test);
  for (const target of [
    '',
    'example.com',
    'ftp://example.com/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://',
  ]) {
    await test.rejects(fetch.fetch(target), { code: 'CH007' }, target);
  }
});
