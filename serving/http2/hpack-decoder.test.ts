import { describe, expect, it } from 'vitest';
import { fieldBlock } from './field-block.ts';
import { HpackDecoder } from './hpack-decoder.ts';

const LIMIT = 65_536;
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const read = (decoder: HpackDecoder, hex: string, limit = LIMIT) => {
  const bytes = bytesOf(hex);
  return decoder.fieldsOf(bytes, 0, bytes.length, limit)?.map(([name, value]) => `${name}: ${value}`);
};

describe('a decoder of header blocks', () => {
  // RFC 7541, appendix C.2.
  it.each([
    ['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header']],
    ['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path']],
    ['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret']],
    ['82', [':method: GET']],
  ])('reads %s', (hex, fields) => {
    expect(read(new HpackDecoder(), hex)).toEqual(fields);
  });

  const first = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
  const third = [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com'];
  // RFC 7541, appendices C.3 and C.4.
  it.each([
    [
      'as they are',
      '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
      '8286 84be 5808 6e6f 2d63 6163 6865',
      '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
    ],
    [
      'in Huffman’s code',
      '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
      '8286 84be 5886 a8eb 1064 9cbf',
      '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
    ],
  ])('remembers fields from one block to the next, strings %s', (_, ...blocks) => {
    const decoder = new HpackDecoder();
    expect(blocks.map((block) => read(decoder, block))).toEqual([
      first,
      [...first, 'cache-control: no-cache'],
      [...third, 'custom-key: custom-value'],
    ]);
  });

  // RFC 7541, appendix C.6, behind a change of the table's size to 256 bytes.
  it('forgets the oldest fields when its table is full', () => {
    const decoder = new HpackDecoder();
    const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
    const location = 'location: https://www.example.com';
    expect(
      read(
        decoder,
        '3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
      ),
    ).toEqual([':status: 302', 'cache-control: private', date, location]);
    expect(read(decoder, '4883 640e ffc1 c0bf')).toEqual([':status: 307', 'cache-control: private', date, location]);
    expect(
      read(
        decoder,
        '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
      ),
    ).toEqual([
      ':status: 200',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:22 GMT',
      location,
      'content-encoding: gzip',
      'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
    ]);
    // Place 65 is the oldest that is left: 62 to 64 are the three that came last.
    expect(() => read(decoder, 'c1')).toThrow('there is no field 65');
  });

  it.each([
    ['a field that nobody knows', 'be'],
    ['a field 0', '80'],
    ['a string that is not there', '0003'],
    ['a string that is cut', '0003 6162'],
    ['no value', '0001 61'],
    ['a number without an end', '7fff ffff ff'],
    ['a number beyond all sizes', 'ffff ffff ffff 7f'],
    ['a table beyond what was agreed', '3fe2 1f'],
    ['another size within a block', '8220'],
    ['the mark of an end within a string', '0084 ffff fffc 0161'],
    ['padding with zeros', '0081 00 0161'],
    ['padding longer than a byte', '0082 1fff 0161'],
  ])('refuses %s', (_, hex) => {
    expect(() => read(new HpackDecoder(), hex)).toThrow(expect.objectContaining({ code: 9 }));
  });

  it('keeps its table right where a head is larger than is taken', () => {
    const decoder = new HpackDecoder();
    expect(read(decoder, '400161 0162 400163 0164', 40)).toBeUndefined();
    expect(read(decoder, 'bebf')).toEqual(['c: d', 'a: b']);
  });

  it('is not made to hold more than its table by references to it', () => {
    const decoder = new HpackDecoder();
    const big = Buffer.concat([bytesOf('400161 7fa11e'), Buffer.alloc(4000, 'x')]);
    expect(decoder.fieldsOf(big, 0, big.length, LIMIT)).toHaveLength(1);
    const bomb = Buffer.alloc(60_000, 0xbe);
    expect(decoder.fieldsOf(bomb, 0, bomb.length, LIMIT)).toBeUndefined();
  });

  it('reads what is written here', () => {
    const fields = [
      [':status', '200'],
      ['grpc-status', '0'],
      ['content-type', 'x'.repeat(300)],
      ['name'.repeat(50), ''],
    ] as const;
    const block = fieldBlock(fields);
    expect(new HpackDecoder().fieldsOf(block, 0, block.length, LIMIT)).toEqual(fields);
  });
});
