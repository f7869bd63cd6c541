import django.db.models.deletion
import kpm.ids
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('casework', '0007_lost_contacts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalNeed',
            fields=[
                ('id', models.UUIDField(db_index=True, default=kpm.ids.uuid7, editable=False)),
                ('key_gen', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('body', models.BinaryField(null=True)),
                ('answer', models.BinaryField(null=True)),
                ('key_owner', models.UUIDField(editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('kind', models.CharField(choices=[('strength', 'Strength'), ('need', 'Need')], max_length=8, verbose_name='kind')),
                ('state', models.CharField(choices=[('open', 'Open'), ('met', 'Met'), ('given_up', 'No longer pursued')], default='open', max_length=8, verbose_name='state')),
                ('noted_on', models.DateField(verbose_name='noted on')),
                ('ended_on', models.DateField(blank=True, null=True, verbose_name='ended on')),
                ('history_user_id', models.UUIDField(null=True)),
                ('history_id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField()),
                ('history_change_reason', models.TextField(null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('case_file', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='casework.casefile', verbose_name='case file')),
                ('ended_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ended by')),
                ('noted_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='noted by')),
            ],
            options={
                'verbose_name': 'historical need or strength',
                'verbose_name_plural': 'historical needs and strengths',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
                'indexes': [models.Index(fields=['history_date', 'id'], name='casework_hi_history_1158bd_idx')],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Need',
            fields=[
                ('id', models.UUIDField(default=kpm.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key_gen', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('body', models.BinaryField(null=True)),
                ('answer', models.BinaryField(null=True)),
                ('key_owner', models.UUIDField(editable=False)),
                ('district', models.CharField(editable=False, max_length=6, verbose_name='district')),
                ('kind', models.CharField(choices=[('strength', 'Strength'), ('need', 'Need')], max_length=8, verbose_name='kind')),
                ('state', models.CharField(choices=[('open', 'Open'), ('met', 'Met'), ('given_up', 'No longer pursued')], default='open', max_length=8, verbose_name='state')),
                ('noted_on', models.DateField(verbose_name='noted on')),
                ('ended_on', models.DateField(blank=True, null=True, verbose_name='ended on')),
                ('case_file', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='needs', to='casework.casefile', verbose_name='case file')),
                ('ended_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='ended by')),
                ('noted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='noted by')),
            ],
            options={
                'verbose_name': 'need or strength',
                'verbose_name_plural': 'needs and strengths',
                'ordering': ('noted_on', 'id'),
                'indexes': [models.Index(fields=['case_file', 'state'], name='needs_of_a_file')],
                'constraints': [models.CheckConstraint(condition=models.Q(('key_owner', models.F('case_file_id'))), name='a_need_is_sealed_under_its_file'), models.CheckConstraint(condition=models.Q(('kind__in', ['strength', 'need'])), name='a_need_is_a_need_or_a_strength'), models.CheckConstraint(condition=models.Q(models.Q(('ended_by__isnull', True), ('ended_on__isnull', True), ('state', 'open')), models.Q(models.Q(('state', 'open'), _negated=True), ('ended_by__isnull', False), ('ended_on__gte', models.F('noted_on')), ('ended_on__isnull', False)), _connector='OR'), name='a_need_is_ended_by_somebody_on_a_day'), models.CheckConstraint(condition=models.Q(('kind', 'need'), models.Q(('state', 'met'), _negated=True), _connector='OR'), name='a_strength_is_not_met')],
            },
        ),
    ]
