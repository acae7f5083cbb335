"""What the story's people say: letters, notes, requests, answers. Chinese and English."""

from __future__ import annotations

PROGRAMME = "Orange OS"
ADDRESS = "北京市海淀区中关村东路 1 号 Orange 工作室"
TRAIN = "橙色星期五 Orange Friday"
WITH_US = "还在测试的人 Testers who are with us"
BASIS = "论坛公开资料，版主同意转达 (public forum profile, with the moderator's consent)"

COLUMNS = {
    "zh": ("昵称", "邮箱", "QQ号", "论坛ID", "版块", "角色", "标签"),
    "en": ("Name", "Mail", "QQ", "Forum name", "Board", "Role", "Tags"),
}

BROKEN_ROWS = (
    ("路人甲", "没有邮箱", "", "", "", "member", "later"),
    ("=HYPERLINK(1)", "x@post.example", "", "", "", "member", "later"),
    ("只有名字", "", "", "", "", "member", "later"),
)

LETTER = {
    "zh": (
        "{{ name }}，想请你来试一试 Orange OS",
        (
            "{{ name }}：\n\n你好。我们是一个做手机系统的小团队，在论坛里读过你的帖子。"
            "我们每周五发布一个新版本，想找一些愿意认真用、愿意直说的人。\n\n"
            "如果有兴趣，回复这封信，或者加入我们的 QQ 群。没有兴趣也没关系，我们不会再打扰你。"
        ),
    ),
    "en": (
        "{{ name }}, would you try Orange OS?",
        (
            "Dear {{ name }},\n\nwe are a small team building a phone system, and we have read your posts. "
            "Every Friday there is a new build, and we look for people who use it in earnest and say what is wrong.\n\n"
            "If that is for you, answer this letter or join our QQ group. If not, we will leave you alone."
        ),
    ),
}
BY_HAND = {
    "zh": (
        "",
        "{{ name }}，你好，看过你在版里的帖子，很懂行。我们在做一个新的手机系统，每周五更新，想请你来内测，进群聊聊？",
    ),
    "en": (
        "",
        "Hello {{ name }}, your posts show you know phones. We build a new system, new every Friday. Join the test?",
    ),
}
REPLIES = (
    "可以，群号发我。",
    "什么机型能刷？我的是 Nexus One。",
    "已经进群了，多谢邀请。",
    "最近忙，月底再说。",
    "支持国产系统！",
    "会不会变砖？",
    "Sounds good, count me in.",
    "需要清空数据吗？",
)
REFUSALS = ("不感兴趣，谢谢。", "请不要再发了。", "No thanks.", "别再私信我了。")
NOTES = (
    "很懂底层，可以拉进核心组。",
    "回复很快，愿意写长报告。",
    "版主，认识很多人。",
    "只在周末有空。",
    "Speaks English only.",
)
BUILD_NOTES = {
    "zh": "本周更新：\n- 按大家的票数修了 {fixed} 个问题\n- 拨号界面支持 T9 搜索\n- 省电优化",
    "en": "This week:\n- {fixed} faults mended, by your votes\n- T9 search while dialling\n- Battery lasts longer",
}
FAULTS = (
    "通话时屏幕不熄灭",
    "短信收件箱滚动卡顿",
    "闹钟在静音时不响",
    "相机对焦后闪退",
    "电池从 30% 直接关机",
    "蓝牙耳机连接后没有声音",
    "来电时联系人头像不显示",
    "锁屏后 Wi-Fi 断开",
    "音乐播放到一半停止",
    "输入法切换后键盘消失",
    "GPS 定位很慢",
    "Gallery crashes on large photos",
    "USB 传文件中断",
    "时区显示错误",
    "下拉通知栏卡住",
    "Roaming data stays on",
)
IDEAS = (
    "希望有骚扰电话归属地显示",
    "批量删除短信",
    "桌面图标可以自定义大小",
    "来电闪光灯提醒",
    "通话录音",
    "状态栏显示网速",
    "单手模式",
    "夜间免打扰时段",
    "应用锁",
    "T9 search with pinyin initials",
    "长截图",
    "流量超额提醒",
    "主题商店",
    "双击亮屏",
    "备份到电脑",
    "短信定时发送",
)
PLACES = (
    "Nexus One",
    "HTC Desire",
    "Milestone",
    "三星 i9000",
    "在地铁上",
    "升级之后",
    "双卡时",
    "root 之后",
    "插着充电器时",
    "on 3G",
    "横屏时",
    "第一次开机",
)
ANSWERS = (
    "已经复现，这周五的版本里修。",
    "谢谢，很多人都需要，排进下个月。",
    "需要更多信息：请在关于页面连点版本号，把日志贴上来。",
    "We have it; it goes into this Friday's build.",
    "这个暂时不做：会影响待机。先放着，等更多人提。",
)
EDITION = "第一版开机画面"
EDITION_TITLE = "感谢勇敢的上帝，来参加我们的内测"
EDITION_SUBTITLE = "Thank you, brave ones, for joining our closed beta"
