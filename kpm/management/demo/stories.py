"""What invented workers write about invented people."""

from random import Random

from risk_levels.instruments import CURRENT

NEEDS = (
    "想办理高龄补贴,不清楚需要哪些材料。",
    "希望有人陪同去县医院复查。",
    "家里的灯坏了两盏,晚上起夜不方便。",
    "想找一份离家近的活。",
    "希望孩子周末能有人辅导功课。",
    "担心冬天取暖的费用。",
    "想和家里人多通电话。",
    "目前没有特别的需要。",
)
STRENGTHS = (
    "邻居常来串门,互相照应。",
    "坚持按时吃药,作息规律。",
    "做得一手好菜,愿意教别人。",
    "和女儿每天视频。",
    "手艺好,以前做过木工。",
    "学习认真,喜欢画画。",
    "主动说起今后的打算。",
    "身体还硬朗,自己种菜。",
)
NOTES = (
    "精神状态好,聊了近况,约好下次时间。",
    "已把材料清单交给本人,下周一起去窗口。",
    "与家人一起商量了下一步,大家都同意。",
    "电话里说一切正常,声音有力。",
    "家中整洁,燃气和水电检查正常。",
    "近来睡得不太好,建议去卫生院看看。",
)
REASONS = (
    "近一个月独自在家,出现两次意外,身边暂时没有人能照应。",
    "原来的照护人外出务工,新的照护安排还没有落实。",
    "身体状况明显变差,日常生活需要更多帮助。",
    "家中突然遭遇变故,情绪低落,需要更密切的陪伴。",
)
TRIED = (
    "已增加电话联系并请邻居帮忙照看,效果有限。",
    "先后联系家属和村委会协调,暂时没有合适的人选。",
)
APPROVED = ("理由充分,同意。", "已看过评估和走访记录,同意。", "同意,请按计划落实帮扶。")
GOALS = ("生活有人照应,身体状况稳定。", "家庭关系改善,收入有着落。", "按时复诊,安心在家生活。")
STEPS = (
    {"what": "申请助餐服务", "resource": "社区助餐点", "who": "社工"},
    {"what": "联系家庭医生上门", "resource": "家庭医生签约服务", "who": "家庭医生"},
    {"what": "申请临时救助", "resource": "临时救助金", "who": "民政专干"},
    {"what": "对接就业岗位", "resource": "公益性岗位", "who": "社工"},
)


def answers(random: Random, population: str) -> dict[str, str]:
    """One answer to nearly every question of the questionnaire in use."""
    return {
        item.code: random.choice(item.options[:2] if random.random() < 0.8 else item.options).code
        for section in CURRENT.sections_for(population)
        for item in section.items
        if random.random() < 0.97
    }
