"""What invented workers write about invented people."""

from collections.abc import Sequence
from random import Random

from risk_levels.instruments import current_for
from risk_levels.instruments.parts import Effect, Item, Section
from risk_levels.levels import Level
from risk_levels.scoring import suggest

NEEDS = (
    "想办理高龄补贴，不清楚需要哪些材料。",
    "希望有人陪同去县医院复查。",
    "家里的灯坏了两盏，晚上起夜不方便。",
    "想找一份离家近的活。",
    "希望孩子周末能有人辅导功课。",
    "担心冬天取暖的费用。",
    "想和家里人多通电话。",
    "目前没有特别的需要。",
)
STRENGTHS = (
    "邻居常来串门，互相照应。",
    "坚持按时吃药，作息规律。",
    "做得一手好菜，愿意教别人。",
    "和女儿每天视频。",
    "手艺好，以前做过木工。",
    "学习认真，喜欢画画。",
    "主动说起今后的打算。",
    "身体还硬朗，自己种菜。",
)
MET = "已经办好，本人很高兴。"
BEREAVED = "老伴昨夜走了，人很难过，要有人陪着办手续。"
# What has happened to whom, by population and kind of incident.
HAPPENED = {
    "empty_nest_elder": (
        ("bereavement", BEREAVED),
        ("discharge", "今天上午出院，腿脚还不方便，家里没有人做饭。"),
        ("disaster", "雨水进屋，被褥都湿了，暂住在邻居家。"),
    ),
    "left_behind_child": (
        ("guardian", "奶奶住院了，父亲的电话两天没人接，孩子暂住姑姑家。"),
        ("family", "父母昨天商定分开，孩子这两天不肯说话。"),
    ),
}
NOTES = (
    "精神状态好，聊了近况，约好下次时间。",
    "已把材料清单交给本人，下周一起去窗口。",
    "与家人一起商量了下一步，大家都同意。",
    "电话里说一切正常，声音有力。",
    "家中整洁，燃气和水电检查正常。",
    "近来睡得不太好，建议去卫生院看看。",
)
REASONS = (
    "近一个月独自在家，出现两次意外，身边暂时没有人能照应。",
    "原来的照护人外出务工，新的照护安排还没有落实。",
    "身体状况明显变差，日常生活需要更多帮助。",
    "家中突然遭遇变故，情绪低落，需要更密切的陪伴。",
)
TRIED = (
    "已增加电话联系并请邻居帮忙照看，效果有限。",
    "先后联系家属和村委会协调，暂时没有合适的人选。",
)
BETTER = (
    "近三个月情况平稳，家人和邻居都能照应，同意减少走访。",
    "低保和助餐已经落实，本人也觉得不用来得这么勤。",
)
RETURNED = ("请补充近期走访情况后再提交。", "请先与家属沟通，写明已经试过哪些办法。")
REJECTED = (
    "目前的帮扶已经能满足需要，维持现有等级。",
    "情况与上次评估相比没有明显变化，维持原等级。",
)
APPROVED = ("理由充分，同意。", "已看过评估和走访记录，同意。", "同意，请按计划落实帮扶。")
# A danger, what was seen, what happened, what is being done.
DANGERS = (
    (
        "self_harm",
        "上门时本人情绪低落，反复说活着没有意思，拒绝吃饭已有一天。",
        "当面说不想活了",
        "女儿当晚陪护，已联系12356心理援助热线和家庭医生。",
    ),
    (
        "violence",
        "邻居反映家中深夜有打砸声，本人手臂有新伤，不愿多说。",
        "深夜家中有打砸声",
        "已请村委会派人上门，当晚暂住亲戚家。",
    ),
    (
        "safety",
        "独自在家摔倒，躺了半天才被发现，煤气灶一直开着。",
        "在厨房摔倒，煤气未关",
        "已送卫生院检查，邻居帮忙照看，煤气阀已关闭。",
    ),
)
# What people say against their level, and what they ask for.
OBJECTIONS = {
    "received": ("没有人问过我的意见就定了等级，我不同意。", "请没有参与的人重新看一看。"),
    "acknowledged": ("说家里没人管，其实孩子的奶奶一直都在。", "把写错的地方改过来。"),
    "dismissed": ("不用三天两头来，村里人都在问。", "少来几次，来之前打个电话。"),
    "partly_upheld": ("上次说我没人照顾，其实儿子每个周末都回来。", "把写错的地方改过来。"),
    "upheld": ("记录里写的那件事不是我，是别人。", "把等级撤回去。"),
}
ANSWERS = {
    "upheld": "您说的情况属实：定级前没有听取您的意见，所依据的记录也有误，现予以撤回。",
    "partly_upheld": "您的儿子确实常回来照顾，这一条我们已更正；但近期身体情况仍需要这样的走访。",
    "dismissed": "我们重新看了走访记录和评估，并与家庭医生核对，目前仍需要保持现在的走访频次。",
}
GOALS = ("生活有人照应，身体状况稳定。", "家庭关系改善，收入有着落。", "按时复诊，安心在家生活。")
# A service that somebody is referred to, what is asked of it, and the law that asks for it.
SERVICE = "石桥街道民政办"
ASKED = "想申请临时救助，请告知需要哪些材料。"
ARTICLE = "《社会救助暂行办法》第四条"
# What people say of their plans.
SAID = (
    ("agreed", ""),
    ("agreed", "说这样安排可以，盼着早点办下来。"),
    ("partly", "送餐愿意，不想总有人上门。"),
    ("declined", "说自己还能行，先不用。已说明随时可以再提。"),
)
STEPS = (
    {"what": "申请助餐服务", "resource": "社区助餐点", "who": "社工"},
    {"what": "联系家庭医生上门", "resource": "家庭医生签约服务", "who": "家庭医生"},
    {"what": "申请临时救助", "resource": "临时救助金", "who": "民政专干"},
    {"what": "对接就业岗位", "resource": "公益性岗位", "who": "社工"},
)

# What is said of others and does not fit these, and what is said of them in its place.
CHILD = {
    "想办理高龄补贴，不清楚需要哪些材料。": "想办理困境儿童补贴，不清楚需要哪些材料。",
    "家里的灯坏了两盏，晚上起夜不方便。": "晚上写作业的灯太暗，想换一盏。",
    "想找一份离家近的活。": "想参加学校的课后托管。",
    "希望孩子周末能有人辅导功课。": "希望周末有人辅导功课。",
    "担心冬天取暖的费用。": "冬天的棉衣小了，不够穿。",
    "想和家里人多通电话。": "想和爸爸妈妈多通电话。",
    "坚持按时吃药，作息规律。": "按时上学，作息规律。",
    "做得一手好菜，愿意教别人。": "会帮着做饭、收拾屋子。",
    "和女儿每天视频。": "和妈妈每天视频。",
    "手艺好，以前做过木工。": "手巧，会折纸。",
    "主动说起今后的打算。": "主动说起学校里的事。",
    "身体还硬朗，自己种菜。": "爱跑步，身体好。",
    "已把材料清单交给本人，下周一起去窗口。": "已把材料清单交给照护人，下周一起去窗口。",
    "低保和助餐已经落实，本人也觉得不用来得这么勤。": "补贴和托管已经落实，孩子说不用来得这么勤。",
    "家庭关系改善，收入有着落。": "家里关系好转，放学后有人照看。",
    "按时复诊，安心在家生活。": "按时上学，作业有人辅导。",
    "送餐愿意，不想总有人上门。": "愿意去托管，不想总有人到家里来。",
    "说自己还能行，先不用。已说明随时可以再提。": "说还不想去，先不勉强。已说明随时可以再提。",
    "申请助餐服务": "申请午餐补助",
    "社区助餐点": "学校营养午餐",
    "对接就业岗位": "安排课后托管",
    "公益性岗位": "儿童之家",
    "高血压": "近视",
    "糖尿病": "贫血",
    "关节炎": "过敏性鼻炎",
}
ELDER = {
    "想找一份离家近的活。": "想学会用手机和家里人视频。",
    "希望孩子周末能有人辅导功课。": "想参加老年大学的书法班。",
    "学习认真，喜欢画画。": "爱唱戏，常和老伙伴一起。",
    "家庭关系改善，收入有着落。": "和家人常联系，补贴都落实。",
    "对接就业岗位": "申请上门助浴",
    "公益性岗位": "助浴服务",
}
GROWN = {
    "想办理高龄补贴，不清楚需要哪些材料。": "想办理低保，不清楚需要哪些材料。",
    "学习认真，喜欢画画。": "学东西快，肯下功夫。",
}
FITTING = {"left_behind_child": CHILD, "empty_nest_elder": ELDER}

RULES = "入冬以来独居老人意外增多，建议黄色档案的走访间隔由 30 天缩短为 21 天。"

HAND_OVER = "老人怕生，先打电话再上门；药盒在灶台右边。"

# How often a need is met, some, urgent: at each level.
NEEDS_AT = {Level.GREEN: (80, 20, 0), Level.YELLOW: (45, 40, 15), Level.RED: (30, 40, 30)}
ANSWERED, STRONG, UNCLEAR = 0.97, 0.7, 0.03
# Now and then the answers suggest another level than the one that people decided on.
DIFFERS = 0.05
MOST_TRIES = 2_000


def fitting(population: str, told: str) -> str:
    """The same, as it is said of somebody of this population."""
    return FITTING.get(population, GROWN).get(told, told)


def one_of(random: Random, population: str, told: Sequence[str]) -> str:
    """One of these, as it is said of somebody of this population."""
    return fitting(population, random.choice(told))


def two_steps(random: Random, population: str) -> list[dict[str, str]]:
    """Two steps of a plan for somebody of this population."""
    return [
        {key: fitting(population, word) for key, word in step.items()}
        for step in random.sample(STEPS, 2)
    ]


def answers(random: Random, population: str, level: Level = Level.YELLOW) -> dict[str, str]:
    """One answer to nearly every question of the questionnaire in use, as they go with a level."""
    wanted = Level.GREEN if level == Level.UNGRADED else level
    if random.random() < DIFFERS:
        wanted = Level.GREEN if wanted == Level.YELLOW else Level.YELLOW
    for _try in range(MOST_TRIES):
        found = _drawn(random, population, wanted)
        if suggest(current_for(population), found, population).level == wanted:
            return found
    raise ValueError(population)


def _drawn(random: Random, population: str, level: Level) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in current_for(population).sections_for(population):
        # One danger is enough; what is not dangerous is said to be so.
        calling = [each for each in section.items if _calls_for(each) == level]
        danger = random.choice(calling) if calling and random.random() < STRONG else None
        for item in section.items:
            if item is danger or random.random() < ANSWERED:
                found[item.code] = _option(random, section, item, level, is_so=item is danger)
    return found


def _option(random: Random, section: Section, item: Item, level: Level, *, is_so: bool) -> str:
    known = [each for each in item.options if not each.is_unknown]
    unknown = [each for each in item.options if each.is_unknown]
    if section.effect == Effect.SAFETY:
        # "No" stands first. Where nobody asked, nobody says that there is danger.
        return (known[1] if is_so else known[0]).code
    if unknown and random.random() < UNCLEAR:
        return unknown[0].code
    if section.effect == Effect.NEED:
        return random.choices(known, NEEDS_AT[level])[0].code
    return (known[0] if random.random() < STRONG else known[1]).code


def _calls_for(item: Item) -> Level | None:
    return next((each.calls_for for each in item.options if each.calls_for), None)
