"""The tester agreement that a new programme begins with: short, and to be replaced by the programme's own in Settings."""

TEXTS: dict[str, str] = {
    "en": """What you get
You get test builds before everybody else. They are unfinished: they may crash, lose data or drain your battery. Keep a copy of what matters to you, and do not install one on a device that you cannot do without.

What we ask
Run the builds and tell us what you find. Please do not pass on builds or pictures of what has not been shown yet.

What we keep
We keep your name and address, what you write to us, and which builds you ran and when, to make the product better and to see how the programme goes. We give it to nobody else. You can see and export it, and ask us to erase it.

Letters
We write to you about new builds and your requests. Each letter says how to stop them.

Leaving
You may leave at any time on your own page, without giving a reason. Your name is shown in thanks only if you say yes to that.
""",
    "zh": """你会得到什么
你会比所有人更早用上测试版。测试版还没做完：可能崩溃、丢数据、费电。重要的东西请先备份，不要装在离不开的设备上。

我们希望你做什么
用一用，把发现的问题和想法告诉我们。还没公开的版本和截图，请不要外传。

我们保存什么
我们会保存你的名字和联系方式、你写给我们的话，以及你什么时候运行过哪个版本，用来改进产品、了解内测的进展。这些信息不会交给别人。你可以查看、导出，也可以要求我们删除。

来信
有新版本，或者你提的需求有了进展，我们会写信告诉你。每封信里都写着怎么退订。

退出
你随时可以在自己的页面上退出，不需要理由。只有你同意，致谢名单上才会出现你的名字。
""",
}
