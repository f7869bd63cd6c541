import django.db.models.deletion
import kpm.ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0006_outside_members'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalLostContact',
            fields=[
                ('id', models.UUIDField(db_index=True, default=kpm.ids.uuid7, editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('state', models.CharField(choices=[('open', 'To be looked at'), ('sought', 'Being looked for'), ('met', 'Met again')], default='open', max_length=6, verbose_name='state')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('known', models.CharField(blank=True, choices=[('unknown', 'Not known; we go on trying'), ('away', 'Away for work or with family, and expected back'), ('moved', 'Moved somewhere else'), ('missing', 'Missing: family and police have been told')], max_length=8, verbose_name='what is known')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided at')),
                ('look_again_on', models.DateField(blank=True, null=True, verbose_name='to be looked at again on')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('history_user_id', models.UUIDField(null=True)),
                ('history_id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField()),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('case_file', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.casefile', verbose_name='case file')),
                ('decided_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'historical lost contact',
                'verbose_name_plural': 'historical lost contacts',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
                'indexes': [models.Index(fields=['history_date', 'id'], name='casework_hi_history_21b280_idx')],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='LostContact',
            fields=[
                ('id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('state', models.CharField(choices=[('open', 'To be looked at'), ('sought', 'Being looked for'), ('met', 'Met again')], default='open', max_length=6, verbose_name='state')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('known', models.CharField(blank=True, choices=[('unknown', 'Not known; we go on trying'), ('away', 'Away for work or with family, and expected back'), ('moved', 'Moved somewhere else'), ('missing', 'Missing: family and police have been told')], max_length=8, verbose_name='what is known')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided at')),
                ('look_again_on', models.DateField(blank=True, null=True, verbose_name='to be looked at again on')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('case_file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lost_contacts', to='casework.casefile', verbose_name='case file')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
            ],
            options={
                'verbose_name': 'lost contact',
                'verbose_name_plural': 'lost contacts',
                'ordering': ('opened_at', 'id'),
                'indexes': [models.Index(fields=['district', 'state', 'look_again_on'], name='searches_going_on')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'met'), _negated=True), fields=('case_file',), name='one_search_at_a_time'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', False), ('state', 'met')), models.Q(models.Q(('state', 'met'), _negated=True), ('ended_at__isnull', True)), _connector='OR'), name='a_search_that_ended_has_its_moment'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('known', ''), ('look_again_on__isnull', True)), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('known__in', ['unknown', 'away', 'moved', 'missing']), ('look_again_on__isnull', False)), _connector='OR'), name='a_search_is_decided_by_somebody_with_a_day'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'sought'), _negated=True), models.Q(('known', ''), _negated=True), _connector='OR'), name='a_search_that_was_looked_at_was_decided')],
            },
        ),
    ]
