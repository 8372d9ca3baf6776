"""What the model answers in these tests."""

PROSE = (
    "A headwater is where a river begins. It may be a spring, a lake or the melting edge of a glacier. "
    "Some are so small that one can step across. Naïve maps, 日本語の地図 and 🙂 all mark them "
    "differently. Rain gathers, finds the lowest way, and goes on. A stream does not ask who is watching. "
    "It reaches the sea in the end."
)

LONG = " ".join([PROSE] * 3)

MARKDOWN = """# Rivers, *briefly*

A river has a **source**, a `course` and a ~~mouth~~ delta. See
[the atlas](https://example.com/atlas "no title").
Two lines of one paragraph,\\
and a hard break. 3.14 is no sentence end, e.g. this one.

- springs
- lakes
  - tarns
  - kettles

    with a second paragraph
- [x] done, and [ ] open

1. first
2. second
   ```python
   def flow(water):
       return f"{water} & <more>"
   ```
3. third

| river | length | mouth |
|:------|-------:|:-----:|
| Nile  | 6650   | Mediterranean |
| a\\|b | 1      | `c`   |

> Quoted, and
> > quoted again.
> - with a list

```
a fence without a language
    and indentation
```

    indented code

* * *

日本語の段落です。句読点で区切られます。وهذه فقرة بالعربية.

![a picture](https://example.com/pixel.png) and <b>no raw HTML</b> &amp; &copy; entities.

Setext
------

The end, with *open **emphasis* and a `tick. 🙂👩‍👩‍👧
"""

HOSTILE = """<script>alert(1)</script>
<img src=x onerror=alert(2)><img src="https://evil.example/leak.png">
<svg onload=alert(3)><style>*{background:url(https://evil.example/css)}</style>
<iframe src="https://evil.example/"></iframe><base href="https://evil.example/">
<div hx-get="https://evil.example/" hx-trigger="load" data-hx-get="/api/session">hx</div>
<hx-partial hx-target="#transcript" hx-swap="innerHTML"><p>gone</p></hx-partial>
<form action="https://evil.example/"><button autofocus>press</button></form>
<i class="mark" id="mark-1" data-o="0"></i></article></div></body>

![leak](https://evil.example/pixel.png) ![leak](//evil.example/pixel.png)
[click](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>) [rel](/c)
[proto](//evil.example)
[vb](vbscript:msgbox(6)) <javascript:alert(7)> <https://evil.example/auto> [x](jAvAsCrIpT:alert(8))
[ref]: https://evil.example/ "t"

```html" onmouseover="alert(9)
<script>alert(10)</script>
```

| <script>alert(11)</script> | `<img src=x onerror=alert(12)>` |
|---|---|
| [a](javascript:alert(13)) | {{ 7*7 }} ${alert(14)} |

data: {"forged": true}

event: close
"""
